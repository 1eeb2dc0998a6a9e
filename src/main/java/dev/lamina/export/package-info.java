/**
 * What other runtimes take: TensorFlow's SavedModel for serving, ONNX files, and safetensors files
 * with weights in PyTorch's layout.
 */
@NullMarked
package dev.lamina.export;

import org.jspecify.annotations.NullMarked;
