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
 * <p>A custom layer implements {@link #outputShape} and {@link #apply}, and {@link #parameters} if
 * it has any. TensorFlow differentiates it, unless it registers a custom gradient ({@link
 * dev.lamina.graph.Backward#withGradient}).
 *
 * <pre>{@code
 * record Scale(double factor) implements Layer {
 *   public Shape outputShape(Shape input) {
 *     return input;
 *   }
 *
 *   public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
 *     Ops tf = context.tf();
 *     return tf.math.mul(input, tf.constant(input.type(), factor));
 *   }
 * }
 * }</pre>
 *
 * <p>Registered in {@link LayerTypes}, it is written to files and read back.
 */
public interface Layer {
  /**
   * Returns the shape of the output.
   *
   * @param input the shape of one example of the input
   * @return the shape of one example of the output
   * @throws IllegalArgumentException if the layer does not accept that shape
   */
  Shape outputShape(Shape input);

  /**
   * Builds the layer into a graph.
   *
   * @param input the batch is its first dimension; float32 unless the layer accepts other types
   *     ({@link #acceptsAnyFloatType})
   */
  Operand<TFloating> apply(Context context, Operand<TFloating> input);

  /** Returns the parameters of this layer itself, without those of its {@link #children}. */
  default List<Parameter> parameters(Shape input) {
    return List.of();
  }

  /** Returns the layers inside this one, each with its name and input shape. */
  default List<Child> children(Shape input) {
    return List.of();
  }

  /** Returns the MACs of one example, without those of the {@link #children}. */
  default long macs(Shape input) {
    return 0;
  }

  /**
   * Returns whether the layer accepts an input of any floating-point type; false unless overridden.
   * If not, its input is cast to float32; its output may be of any type.
   */
  default boolean acceptsAnyFloatType() {
    return false;
  }

  /** Returns the name of the kind of layer in tables. */
  default String kind() {
    return getClass().getSimpleName();
  }

  /**
   * A layer inside another.
   *
   * @param name its name there
   * @param layer the layer
   * @param input the shape of one example of its input
   */
  record Child(String name, Layer layer, Shape input) {}
}
