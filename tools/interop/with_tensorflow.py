"""The SavedModel in Python TensorFlow: every signature that it has, and saved_model_cli."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file

from common import encoded, images, in_two, save, skip, softmax

RUNTIME = "Python TensorFlow"


def serving_default(folder):
    # region tensorflow
    model = tf.saved_model.load(folder)
    signature = model.signatures["serving_default"]

    def predict(images):  # uint8 [N, height, width, channels]
        return signature(images=tf.constant(images))["probabilities"].numpy()

    # endregion
    return predict


def from_encoded(signature):
    def predict(files):
        return signature(image_bytes=tf.constant(files))["probabilities"].numpy()

    return predict


def from_features(signature, weights):
    """The classifier on top of the features: the tensor that comes last in the network."""
    kernel, bias = weights["classifier.2.weight"], weights["classifier.2.bias"]

    def predict(images):
        outputs = signature(images=tf.constant(images))
        features = outputs["features"].numpy()
        return softmax(features @ kernel.T + bias)

    return predict


def show(folder):
    """saved_model_cli must list the signatures."""
    cli = Path(sys.executable).with_name("saved_model_cli")
    shown = subprocess.run(
        [cli, "show", "--dir", folder, "--all"], capture_output=True, text=True, check=True
    ).stdout
    for word in ("serving_default", "images", "DT_UINT8", "probabilities", "logits", "class_ids"):
        if word not in shown:
            raise SystemExit(f"saved_model_cli does not show {word}:\n{shown}")
    print(shown)


def main(out):
    folder = str(Path(out, "saved_model", "1"))
    show(folder)
    pixels = images(out)
    version = tf.__version__
    save(out, "01-tensorflow", RUNTIME, version, in_two(serving_default(folder), pixels))

    signatures = tf.saved_model.load(folder).signatures
    name, runtime = "02-tensorflow-from-encoded", f"{RUNTIME}, from_encoded"
    if "from_encoded" in signatures:
        save(out, name, runtime, version, in_two(from_encoded(signatures["from_encoded"]), encoded(out)))
    else:
        skip(out, name, runtime, "the export has no such signature")
    name, runtime = "03-tensorflow-features", f"{RUNTIME}, features"
    if "features" in signatures:
        weights = load_file(Path(out, "weights.safetensors"))
        predict = from_features(signatures["features"], weights)
        save(out, name, runtime, version, in_two(predict, pixels))
    else:
        skip(out, name, runtime, "the export has no such signature")


if __name__ == "__main__":
    main(sys.argv[1])
