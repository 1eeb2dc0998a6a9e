"""What the runtimes share: the images that they are given, and where their results go."""

from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file


def encoded(out):
    """The PNG files, in order."""
    return [path.read_bytes() for path in _files(out)]


def images(out):
    """The pixels, uint8 [N, height, width, 3]."""
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in _files(out)])


def labels(out):
    """The classes, which the names of the files end with."""
    return [int(path.stem.split("-")[1]) for path in _files(out)]


def _files(out):
    return sorted(Path(out, "images").glob("*.png"))


def in_two(predict, inputs):
    """One image alone, then all the others at once: any size of batch must do."""
    return np.concatenate([predict(inputs[:1]), predict(inputs[1:])])


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def save(out, name, runtime, version, probabilities, reference="lamina"):
    """Leaves a result, to be compared with the one named `reference`."""
    facts = {"runtime": runtime, "version": version, "reference": reference}
    path = Path(out, "results", name + ".safetensors")
    path.parent.mkdir(exist_ok=True)
    save_file({"probabilities": np.ascontiguousarray(probabilities, np.float32)}, path, metadata=facts)


def skip(out, name, runtime, reason):
    """Leaves word that something was not run."""
    Path(out, "results", name + ".skipped").write_text(f"{runtime}\t{reason}")
