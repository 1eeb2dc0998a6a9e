"""The images of the benchmark as a ready float batch."""

import numpy as np

MEAN = np.array([0.492, 0.482, 0.447], np.float32)
DEVIATION = np.array([0.247, 0.243, 0.262], np.float32)


def load(data, size):
    """The first images, float32 [size, 32, 32, 3], normalised, and their labels, int64."""
    pixels = np.fromfile(f"{data}/images.bin", np.uint8, size * 32 * 32 * 3)
    labels = np.fromfile(f"{data}/labels.bin", np.uint8, size).astype(np.int64)
    images = pixels.reshape(size, 32, 32, 3).astype(np.float32) / np.float32(255)
    return (images - MEAN) / DEVIATION, labels
