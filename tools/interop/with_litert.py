"""The SavedModel, converted for LiteRT, in its interpreter."""

import sys
from importlib.metadata import version
from pathlib import Path

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from common import images, in_two, save


def convert(folder, file):
    # region litert_convert
    model = tf.saved_model.load(folder)
    signature = model.signatures["serving_default"]
    shape = signature.structured_input_signature[1]["images"].shape

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8, name="images")])
    def numbers(images):  # the labels are strings, which LiteRT leaves to TensorFlow
        outputs = signature(images=images)
        return {name: outputs[name] for name in ("probabilities", "logits", "class_ids")}

    converter = tf.lite.TFLiteConverter.from_concrete_functions([numbers.get_concrete_function()], model)
    file.write_bytes(converter.convert())
    # endregion


def load(file):
    # region litert
    interpreter = Interpreter(model_path=str(file))
    index = interpreter.get_input_details()[0]["index"]

    def predict(images):  # uint8 [N, height, width, channels]
        interpreter.resize_tensor_input(index, images.shape)
        return interpreter.get_signature_runner()(images=images)["probabilities"]

    # endregion
    return predict


def main(out):
    file = Path(out, "model.tflite")
    convert(str(Path(out, "saved_model", "1")), file)
    save(out, "06-litert", "LiteRT", version("ai-edge-litert"), in_two(load(file), images(out)))


if __name__ == "__main__":
    main(sys.argv[1])
