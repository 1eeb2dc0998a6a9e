/**
 * File formats of other runtimes: TensorFlow's SavedModel, ONNX, and safetensors with weights in
 * PyTorch's layout.
 */
@NullMarked
package dev.lamina.format;

import org.jspecify.annotations.NullMarked;
