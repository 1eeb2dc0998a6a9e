package dev.lamina.layer;

import dev.lamina.graph.Context;
import dev.lamina.graph.Parameter;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * A part of a network: an immutable value that can be built into a graph any number of times.
 * Shapes are those of one example, without the batch dimension: [height, width, channels] for
 * images and [features] for vectors.
 *
 * <p>A layer of one's own implements {@link #outputShape} and {@link #apply}, and {@link
 * #parameters} where it has any. TensorFlow derives it, unless it gives its result a gradient of
 * its own ({@link Context#withGradient}).
 */
public interface Layer {
  /**
   * The shape rule.
   *
   * @param input the shape of one example that goes in
   * @return the shape of one example that comes out
   * @throws IllegalArgumentException where the layer cannot take that shape
   */
  Shape outputShape(Shape input);

  /**
   * Wires the layer into a graph.
   *
   * @param input the batch is its first dimension; float32 unless the layer says otherwise ({@link
   *     #anyPrecision})
   */
  Operand<TFloating> apply(Context context, Operand<TFloating> input);

  /** The parameters of this layer itself, without those of its {@link #children}. */
  default List<Parameter> parameters(Shape input) {
    return List.of();
  }

  /** The layers inside this one, each with its name and the shape that reaches it. */
  default List<Child> children(Shape input) {
    return List.of();
  }

  /**
   * The multiplications with addition that one example costs, without those of the {@link
   * #children}.
   */
  default long multiplyAdds(Shape input) {
    return 0;
  }

  /**
   * Whether the layer takes an input of any floating-point type. If not (as it is unless
   * overridden), its input is cast to float32; its output may be of any type.
   */
  default boolean anyPrecision() {
    return false;
  }

  /** The name of the kind of layer, as tables show it. */
  default String kind() {
    return getClass().getSimpleName();
  }

  /**
   * A layer inside another.
   *
   * @param name its name there
   * @param layer the layer
   * @param input the shape of one example that reaches it
   */
  record Child(String name, Layer layer, Shape input) {}
}
