"""The SavedModel, converted by tf2onnx, in ONNX Runtime."""

import subprocess
import sys
from pathlib import Path

import onnxruntime
import tf2onnx

from common import images, in_two, save
from with_onnxruntime import load


def main(out):
    converted = str(Path(out, "tf2onnx.onnx"))
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(Path(out, "saved_model", "1"))]
    command += ["--tag", "serve", "--signature_def", "serving_default", "--output", converted]
    subprocess.run(command, check=True)
    version = f"{tf2onnx.__version__}, {onnxruntime.__version__}"
    save(out, "04-tf2onnx", "tf2onnx, ONNX Runtime", version, in_two(load(converted), images(out)))


if __name__ == "__main__":
    main(sys.argv[1])
