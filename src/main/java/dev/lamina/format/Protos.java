package dev.lamina.format;

import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.TensorShapeProto;

/** Conversions to TensorFlow's protocol buffers. */
final class Protos {
  private Protos() {}

  /** Converts a shape; unknown dimensions stay unknown. */
  static TensorShapeProto shape(Shape shape) {
    TensorShapeProto.Builder proto = TensorShapeProto.newBuilder();
    for (long size : shape.asArray()) {
      proto.addDim(TensorShapeProto.Dim.newBuilder().setSize(size));
    }
    return proto.build();
  }
}
