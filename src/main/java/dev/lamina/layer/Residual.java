package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * A residual block: {@code y = relu(main(x) + shortcut(x))} (He et al., "Deep Residual Learning for
 * Image Recognition", arXiv 1512.03385).
 *
 * @param main the layers of the main path
 * @param shortcut the layers of the shortcut; none (the identity) unless set
 */
public record Residual(Sequential main, Sequential shortcut) implements Layer {
  /** A block with the identity as its shortcut. */
  public static Residual of(Layer... main) {
    return new Residual(Sequential.of(main), Sequential.of());
  }

  /**
   * With layers in the shortcut: a 1x1 convolution and batch norm, where the number of channels
   * changes.
   */
  public Residual shortcut(Layer... shortcut) {
    return new Residual(main, Sequential.of(shortcut));
  }

  @Override
  public Shape outputShape(Shape input) {
    Shape through = main.outputShape(input);
    Shape around = shortcut.outputShape(input);
    checkArgument(
        through.equals(around),
        "main path and shortcut of Residual must give one shape, got %s and %s; set a shortcut of Conv2d.of(%s, 1), BatchNorm",
        Shapes.text(through),
        Shapes.text(around),
        Shapes.channels(through));
    return through;
  }

  @Override
  public List<Child> children(Shape input) {
    Child through = new Child("main", main, input);
    return shortcut.layers().isEmpty()
        ? List.of(through)
        : List.of(through, new Child("shortcut", shortcut, input));
  }

  @Override
  public boolean anyPrecision() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Operand<TFloating> through = Layers.build(context.child("main"), main, input);
    Operand<TFloating> around = Layers.build(context.child("shortcut"), shortcut, input);
    Ops tf = context.tf();
    return Activation.RELU.apply(
        context, tf.math.add(through, Floats.cast(tf, around, through.type())));
  }
}
