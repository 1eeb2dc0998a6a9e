"""What the runtimes share: the model's description, the images that they are given, and where their results go."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def description(out):
    """The description in the export."""
    folder = Path(out, "saved_model", "1")
    # region metadata
    content = json.load(open(f"{folder}/assets.extra/lamina.json"))
    print(content["class_names"], content["metadata"].get("test_accuracy"))
    # endregion
    return content


def encoded(out):
    """The PNG files, in order."""
    return [path.read_bytes() for path in sorted(Path(out, "images").glob("*.png"))]


def images(out):
    """The pixels, uint8 [N, height, width, channels]."""
    network = description(out)["network"]
    return _images(out)["pixels"].reshape(-1, network["height"], network["width"], network["channels"])


def labels(out):
    """The classes."""
    return _images(out)["labels"].astype(np.int64)


def _images(out):
    return load_file(Path(out, "images.safetensors"))


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
