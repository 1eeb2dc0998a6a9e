"""Does what Decode.java does, with Pillow.  usage: decode.py THREADS SIZE [draft]"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

size = int(sys.argv[2])
draft = sys.argv[3:] == ["draft"]


def read(path):
    with Image.open(path) as image:
        if draft:  # decodes a JPEG at 1/2, 1/4 or 1/8 of its size: faster, with other pixels
            short = min(image.size)
            image.draft("RGB", tuple(side * size // short for side in image.size))
        image = image.convert("RGB")
    width, height = image.size
    short = min(width, height)
    width, height = size * width // short, size * height // short
    left, top = round((width - size) / 2), round((height - size) / 2)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    return image.crop((left, top, left + size, top + size)).tobytes()


threads = ThreadPoolExecutor(int(sys.argv[1]))
for line in sys.stdin:
    cpu, wall = time.process_time(), time.perf_counter()
    total = sum(sum(pixels) for pixels in threads.map(read, line.rstrip("\n").split("\t")))
    print(time.perf_counter() - wall, time.process_time() - cpu, total, flush=True)
