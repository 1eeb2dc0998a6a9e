"""Lamina's own ONNX file in ONNX Runtime, after the checker of the format itself."""

import json
import sys
from pathlib import Path

import onnx
import onnxruntime

from common import images, in_two, save


def load(file):
    # region onnxruntime
    session = onnxruntime.InferenceSession(file)

    def predict(images):  # uint8 [N, height, width, channels]
        return session.run(["probabilities"], {"images": images})[0]

    # endregion
    return predict


def show_metadata(file):
    session = onnxruntime.InferenceSession(file)
    # region metadata
    metadata = session.get_modelmeta().custom_metadata_map
    print(json.loads(metadata["class_names"]), metadata.get("test_accuracy"))
    # endregion


def main(out):
    file = str(Path(out, "model.onnx"))
    onnx.checker.check_model(onnx.load(file), full_check=True)
    show_metadata(file)
    save(out, "05-onnxruntime", "ONNX, ONNX Runtime", onnxruntime.__version__, in_two(load(file), images(out)))


if __name__ == "__main__":
    main(sys.argv[1])
