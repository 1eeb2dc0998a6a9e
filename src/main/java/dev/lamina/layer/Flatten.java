package dev.lamina.layer;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * Lays an example out as a vector, in row-major order: [height, width, channels] becomes [height *
 * width * channels].
 */
public record Flatten() implements Layer {
  /** The layer; it has no options. */
  public static Flatten create() {
    return new Flatten();
  }

  @Override
  public Shape outputShape(Shape input) {
    return Shape.of(input.size());
  }

  @Override
  public boolean anyPrecision() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    if (input.shape().numDimensions() == 2) {
      return input;
    }
    long size = input.shape().tail().size();
    return context.tf().reshape(input, context.tf().constant(new long[] {-1, size}));
  }
}
