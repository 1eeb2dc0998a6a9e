package dev.lamina.layer;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/** The mean of each channel over the whole image: [height, width, channels] becomes [channels]. */
public record GlobalAveragePool() implements Layer {
  /** The layer; it has no options. */
  public static GlobalAveragePool create() {
    return new GlobalAveragePool();
  }

  @Override
  public Shape outputShape(Shape input) {
    Shapes.checkImage("GlobalAveragePool", input);
    return Shape.of(input.get(2));
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return context.tf().math.mean(input, context.tf().constant(new int[] {1, 2}));
  }
}
