"""Makes zoo_randaugment.safetensors: what torchvision's RandAugment makes of a few images, by every operation.

`colour` and `grey` are uint8 [N, height, width, channels]; `KIND.MAGNITUDE.OPERATION` is the same after the operation
of that number, and with a further `-` in the other direction.
"""

import argparse
import pathlib

import numpy
import torch
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode, RandAugment
from torchvision.transforms.autoaugment import _apply_op

HEIGHT, WIDTH = 20, 17


def images(channels):
    random = numpy.random.default_rng(channels)
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    wave = numpy.stack([numpy.sin(x / (3 + c) + c) * numpy.cos(y / (5 - c)) for c in range(channels)], -1)
    noise = random.normal(size=(2, HEIGHT, WIDTH, channels))
    return numpy.clip(110 + 60 * wave + 20 * noise, 0, 255).astype(numpy.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    tensors = {}
    for kind, channels in (("colour", 3), ("grey", 1)):
        source = tensors[kind] = images(channels)
        batch = torch.from_numpy(source).permute(0, 3, 1, 2).contiguous()
        for magnitude in (9, 30):
            space = RandAugment()._augmentation_space(31, (HEIGHT, WIDTH))
            for number, (name, (strengths, signed)) in enumerate(space.items()):
                strength = float(strengths[magnitude]) if strengths.ndim else 0.0
                for sign in ("", "-") if signed else ("",):
                    value = -strength if sign else strength
                    # Image by image: of a batch, contrast takes the mean of each image too, but this is sure.
                    out = torch.stack([_apply_op(image, name, value, InterpolationMode.NEAREST, None) for image in batch])
                    tensors[f"{kind}.{magnitude}.{number}{sign}"] = out.permute(0, 2, 3, 1).contiguous().numpy()
    save_file(tensors, folder / "zoo_randaugment.safetensors")


if __name__ == "__main__":
    main()
