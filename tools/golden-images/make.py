"""Makes odd image files, and what Pillow reads in them, scaled in several ways.

Writes the files into FOLDER and expected.json beside them: for each file its size, the pixels of
convert("RGB"), and those of every way of resizing, all in base64.
"""

import base64
import json
import pathlib
import struct
import sys

import numpy
from PIL import Image, ImageOps

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
random = numpy.random.default_rng(1)


def picture(height, width):
    """Smooth colours with some sharp edges and some noise."""
    y, x = numpy.mgrid[0:height, 0:width]
    red = 127 + 120 * numpy.sin(x / 5) * numpy.cos(y / 7)
    green = 255 * (x + y) / max(1, height + width - 2)
    blue = 255 * (((x // 4) + (y // 4)) % 2)
    noise = random.integers(-20, 21, (height, width, 3))
    return Image.fromarray(numpy.clip(numpy.dstack([red, green, blue]) + noise, 0, 255).astype("uint8"))


def write(image, name, **options):
    image.save(folder / name, **options)


def exif(orientation):
    data = Image.Exif()
    data[0x112] = orientation
    return data


def patched(name, new, *changes):
    """A copy of a file with bytes replaced."""
    data = (folder / name).read_bytes()
    for old, by in changes:
        assert data.count(old) >= 1, (name, old)
        data = data.replace(old, by, 1)
    (folder / new).write_bytes(data)


def framed(name, new, screen, left, top, background=0):
    """A copy of a GIF file whose frame has a place on a screen (width, height)."""
    data = bytearray((folder / name).read_bytes())
    frame = b"," + struct.pack("<2H", 0, 0) + data[6:10]
    struct.pack_into("<2H", data, data.index(frame) + 1, left, top)
    struct.pack_into("<2H", data, 6, *screen)
    data[11] = background
    (folder / new).write_bytes(data)


def palette_tiff(name, bits):
    """A TIFF of few colours, which Pillow reads but does not write, with all 16 bits of them in use."""
    colors = [i * 40503 % 65536 for i in range(3 << bits)]
    rows = [bytes((37 * y + 101 * x) % 256 for x in range(bits * 2)) for y in range(5)]
    entries = [
        (256, 3, 1, 16),
        (257, 3, 1, 5),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 3),
        (273, 4, 1, 200 + 2 * len(colors)),
        (277, 3, 1, 1),
        (278, 3, 1, 5),
        (279, 4, 1, 10 * bits),
        (320, 3, len(colors), 200),
    ]
    directory = b"".join(struct.pack("<2H2I", *entry) for entry in entries)
    header = b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4)
    data = struct.pack(f"<{len(colors)}H", *colors) + b"".join(rows)
    (folder / name).write_bytes(header.ljust(200, b"\0") + data)


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


for height, width in [(1, 1), (1, 40), (37, 1), (16, 16), (17, 23), (31, 64), (64, 31), (33, 33), (90, 61)]:
    write(picture(height, width), f"size_{height}x{width}.png")
    write(picture(height, width), f"size_{height}x{width}.jpg", quality=90)

photo = picture(29, 43)
for name, sampling in [("444", 0), ("422", 1), ("420", 2)]:
    write(photo, f"sampling_{name}.jpg", quality=85, subsampling=sampling)
write(photo, "progressive.jpg", quality=85, progressive=True)
write(photo, "low.jpg", quality=5)
write(photo, "restart.jpg", quality=85, restart_marker_blocks=2)
write(photo.convert("L"), "grey.jpg", quality=85)
write(photo.convert("CMYK"), "cmyk.jpg", quality=90)
patched("cmyk.jpg", "ycck.jpg", (b"Adobe\0d\0\0\0\0\0", b"Adobe\0d\0\0\0\0\2"))
patched("sampling_444.jpg", "adobe_and_jfif.jpg", (b"\xff\xdb", segment(0xEE, b"Adobe\0d\0\0\0\0\1") + b"\xff\xdb"))
data = (folder / "sampling_444.jpg").read_bytes()
jfif = data[2 : 2 + 2 + 16]
(folder / "no_jfif.jpg").write_bytes(data.replace(jfif, b"", 1))
(folder / "adobe_rgb.jpg").write_bytes(data.replace(jfif, segment(0xEE, b"Adobe\0d\0\0\0\0\0"), 1))
(folder / "profile_cut.jpg").write_bytes(data.replace(jfif, jfif + segment(0xE2, b"ICC_PROFILE\0\1\3" + bytes(50)), 1))
(folder / "profile_odd.jpg").write_bytes(data.replace(jfif, jfif + segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(range(200))), 1))
for orientation in range(1, 9):
    write(photo, f"orientation_{orientation}.jpg", quality=85, exif=exif(orientation))
# Few pixels, of which expected.json has many copies; hardly taller than wide when turned, since Pillow 13
# scales the height first of some tall images, which Lamina does not.
for orientation in range(2, 9):
    write(photo.crop((0, 0, 13, 12)), f"orientation_{orientation}.tif", exif=exif(orientation))
write(photo, "orientation.png", exif=exif(6))
write(photo, "orientation.webp", lossless=True, exif=exif(8))

alpha = photo.copy()
alpha.putalpha(Image.fromarray(random.integers(0, 256, (29, 43)).astype("uint8")))
write(alpha, "alpha.png")
write(photo.convert("LA"), "grey_alpha.png")
write(photo.convert("L"), "grey.png")
write(photo.convert("1"), "bits_1.png")
write(photo.quantize(16), "palette_16.png")
write(photo.quantize(200), "palette_200.png", transparency=3)

write(photo.quantize(64), "one.gif")
write(photo.quantize(64), "animated.gif", save_all=True, append_images=[picture(29, 43).quantize(64)])
write(photo.quantize(64), "transparent.gif", transparency=3)
framed("one.gif", "frame.gif", (61, 47), 11, 7, background=5)
framed("transparent.gif", "frame_transparent.gif", (61, 47), 11, 7, background=5)
framed("one.gif", "frame_beyond.gif", (50, 20), 11, 7)
write(photo, "rgb.bmp")
write(photo.convert("L"), "grey.bmp")
write(photo, "raw.tif")
write(photo, "lzw.tif", compression="tiff_lzw")
write(photo, "deflate.tif", compression="tiff_adobe_deflate")
write(photo.convert("L"), "grey.tif", compression="packbits")
write(photo.convert("1"), "fax.tif", compression="group4")
write(alpha, "alpha.tif")
write(photo.quantize(200), "palette.tif")
write(photo.crop((0, 0, 13, 12)).quantize(64).convert("PA"), "palette_alpha.tif")
palette_tiff("palette_4.tif", 4)
palette_tiff("palette_1.tif", 1)
write(photo, "lossless.webp", lossless=True)
write(alpha, "alpha_lossless.webp", lossless=True, exact=True)
# Smooth, because decoders interpolate its chroma in their own ways.
y, x = numpy.mgrid[0:29, 0:43]
write(Image.fromarray(numpy.dstack([x * 5, y * 8, (x + y) * 3]).astype("uint8")), "lossy.webp", quality=90)

SIZES = [(8, 8), (7, 12)]


def cover(image, height, width, resample):
    """torchvision's Resize of the short side (for any target) and CenterCrop."""
    if height * image.width >= width * image.height:
        scaled = max(width, height * image.width // image.height), height
    else:
        scaled = width, max(height, width * image.height // image.width)
    left, top = round((scaled[0] - width) / 2), round((scaled[1] - height) / 2)
    return image.resize(scaled, resample).crop((left, top, left + width, top + height))


def fit(image, height, width, resample):
    if height * image.width <= width * image.height:
        scaled = max(1, int(height * image.width / image.height + 0.5)), height
    else:
        scaled = width, max(1, int(width * image.height / image.width + 0.5))
    return placed(image.resize(scaled, resample), height, width)


def placed(image, height, width):
    result = Image.new("RGB", (width, height))
    result.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return result


def pad(image, height, width, resample):
    if image.height <= height and image.width <= width:
        return placed(image, height, width)
    return cover(image, height, width, resample)


def stretch(image, height, width, resample):
    return image.resize((width, height), resample)


def encoded(image):
    return base64.b64encode(numpy.asarray(image).tobytes()).decode()


expected = {}
for path in sorted(folder.iterdir()):
    if path.suffix == ".json":
        continue
    image = Image.open(path)
    rgb = image.convert("RGB")
    entry = {"height": rgb.height, "width": rgb.width, "rgb": encoded(rgb)}
    entry["upright"] = encoded(ImageOps.exif_transpose(image).convert("RGB"))
    for rule in (cover, fit, stretch, pad):
        for filter_name, resample in [("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)]:
            for height, width in SIZES:
                if filter_name == "bicubic" and (height, width) != SIZES[0]:
                    continue
                key = f"{rule.__name__} {filter_name} {height} {width}"
                entry[key] = encoded(rule(rgb, height, width, resample))
    expected[path.name] = entry
(folder / "expected.json").write_text(json.dumps(expected, indent=0, sort_keys=True))
print(f"{len(expected)} files")
