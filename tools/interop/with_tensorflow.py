"""The SavedModel in Python TensorFlow: every signature and output that it has, and saved_model_cli."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import load_file

from common import description, encoded, images, in_two, save, skip, softmax

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


def classifier(body, path=""):
    """The name of the network's last layer; None where it is no dense one."""
    if not body["layers"]:
        return None
    last = body["layers"][-1]
    if last["layer"]["kind"] == "Sequential":
        return classifier(last["layer"], path + last["name"] + ".")
    return path + last["name"] if last["layer"]["kind"] == "Dense" else None


def from_features(signature, weights, name):
    """The classifier on top of the features."""
    kernel, bias = weights[name + ".weight"], weights.get(name + ".bias", 0)

    def predict(images):
        outputs = signature(images=tf.constant(images))
        features = outputs["features"].numpy()
        return softmax(features @ kernel.T + bias)

    return predict


def check_classes(outputs, names):
    """Class numbers and labels must be those of the largest logit."""
    best = outputs["logits"].numpy().argmax(axis=1)
    np.testing.assert_array_equal(outputs["class_ids"].numpy(), best)
    assert [label.decode() for label in outputs["labels"].numpy()] == [names[i] for i in best]


def show(folder, signatures):
    """saved_model_cli must list the signatures."""
    cli = Path(sys.executable).with_name("saved_model_cli")
    shown = subprocess.run(
        [cli, "show", "--dir", folder, "--all"], capture_output=True, text=True, check=True
    ).stdout
    outputs = ("probabilities", "logits", "class_ids", "labels")
    for word in [*signatures, "images", "DT_UINT8", *outputs]:
        if word not in shown:
            raise SystemExit(f"saved_model_cli does not show {word}:\n{shown}")
    print(shown)


def main(out):
    folder = str(Path(out, "saved_model", "1"))
    signatures = tf.saved_model.load(folder).signatures
    show(folder, signatures)
    pixels = images(out)
    version = tf.__version__
    save(out, "01-tensorflow", RUNTIME, version, in_two(serving_default(folder), pixels))

    names = description(out)["class_names"]
    check_classes(signatures["serving_default"](images=tf.constant(pixels)), names)
    name, runtime = "02-tensorflow-from-encoded", f"{RUNTIME}, from_encoded"
    if "from_encoded" in signatures:
        check_classes(signatures["from_encoded"](image_bytes=tf.constant(encoded(out))), names)
        save(out, name, runtime, version, in_two(from_encoded(signatures["from_encoded"]), encoded(out)))
    else:
        skip(out, name, runtime, "the export has no such signature")
    name, runtime = "03-tensorflow-features", f"{RUNTIME}, features"
    dense = classifier(description(out)["network"]["body"])
    if "features" in signatures and dense:
        weights = load_file(Path(out, "weights.safetensors"))
        predict = from_features(signatures["features"], weights, dense)
        save(out, name, runtime, version, in_two(predict, pixels))
    else:
        skip(out, name, runtime, "the network does not end in a dense layer")


if __name__ == "__main__":
    main(sys.argv[1])
