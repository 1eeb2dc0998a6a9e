#!/usr/bin/env python3
"""Trains the network of tools/lamina train in PyTorch, with the same images, recipe and epochs.

  tools/photographs/torch_train.py FOLDER [--epochs N] [--size N] [--width N] [--peak RATE] [--seed N]

Does what this does, and prints the accuracy on the test images after the last epoch:

  tools/lamina train --data FOLDER --image-size N --upright --width N --validation 0 \
      --recipe published --epochs N --learning-rate RATE --precision float32 --seed N

Needs torch, numpy and Pillow.
"""

import argparse
import pathlib
import sys

import numpy
import torch
from PIL import Image, ImageOps

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from resnet_cifar import ResNetCifar  # noqa: E402

PADDING = 4
BATCH = 64


def read(part, size):
    """The images of a part, resized as torchvision's Resize(size) and CenterCrop(size), and their labels."""
    images, labels = [], []
    for label, folder in enumerate(sorted(path for path in part.iterdir() if path.is_dir())):
        for file in sorted(folder.iterdir()):
            image = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
            short = min(image.size)
            width, height = (size * side // short for side in image.size)
            image = image.resize((width, height), Image.Resampling.BILINEAR)
            left, top = round((width - size) / 2), round((height - size) / 2)
            images.append(numpy.asarray(image.crop((left, top, left + size, top + size))))
            labels.append(label)
    return torch.from_numpy(numpy.stack(images)), torch.tensor(labels)


def augment(images):
    """A random crop of each image after reflecting PADDING pixels at its border, and a random horizontal flip."""
    size = images.shape[1]
    floats = images.permute(0, 3, 1, 2).float()
    padded = torch.nn.functional.pad(floats, (PADDING,) * 4, mode="reflect")
    changed = []
    for image in padded:
        top, left = torch.randint(0, 2 * PADDING + 1, (2,)).tolist()
        crop = image[:, top : top + size, left : left + size]
        changed.append(crop.flip(2) if torch.rand(()) < 0.5 else crop)
    return torch.stack(changed).permute(0, 2, 3, 1)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--epochs", type=int, default=15)
    options.add_argument("--size", type=int, default=32)
    options.add_argument("--width", type=int, default=16)
    options.add_argument("--peak", type=float, default=0.05)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    torch.manual_seed(options.seed)
    images, labels = read(options.folder / "train", options.size)
    test_images, test_labels = read(options.folder / "test", options.size)
    pixels = images.flatten(0, 2).double() / 255
    model = ResNetCifar(options.width, int(labels.max()) + 1, pixels.mean(0).tolist(), pixels.std(0).tolist())
    optimizer = torch.optim.SGD(model.parameters(), lr=options.peak, momentum=0.95, weight_decay=5e-4)
    steps = options.epochs * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.peak, total_steps=steps)
    for epoch in range(options.epochs):
        model.train()
        total = 0.0
        for batch in torch.randperm(len(images)).split(BATCH):
            loss = torch.nn.functional.cross_entropy(model(augment(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1}/{options.epochs}  loss {total / len(images):.4f}", flush=True)
    model.eval()
    with torch.no_grad():
        right = sum(
            int((model(some).argmax(1) == expected).sum())
            for some, expected in zip(test_images.split(BATCH), test_labels.split(BATCH))
        )
    print(f"test accuracy {right / len(test_images):.4f}")


if __name__ == "__main__":
    main()
