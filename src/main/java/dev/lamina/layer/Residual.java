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
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>any that both paths accept</td></tr>
 * <tr><td>main, shortcut</td><td>both the same; the shape of the input for an empty shortcut</td></tr>
 * <tr><td>output</td><td>the shape of main</td></tr>
 * </table>
 *
 * @param main the layers of the main path
 * @param shortcut the layers of the shortcut; empty (the identity) by default
 */
public record Residual(Sequential main, Sequential shortcut) implements Layer {
  /** Returns a block with an identity shortcut. */
  public static Residual of(Layer... main) {
    return new Residual(Sequential.of(main), Sequential.of());
  }

  /**
   * Returns this block with layers in the shortcut: a 1x1 convolution and batch norm if the number
   * of channels changes.
   */
  public Residual shortcut(Layer... shortcut) {
    return new Residual(main, Sequential.of(shortcut));
  }

  @Override
  public Shape outputShape(Shape input) {
    Shape mainPath = main.outputShape(input);
    Shape shortcutPath = shortcut.outputShape(input);
    checkArgument(
        mainPath.equals(shortcutPath),
        "main path and shortcut of Residual must have the same output shape, got %s and %s; set a shortcut of Conv2d.of(%s, 1), BatchNorm",
        Shapes.text(mainPath),
        Shapes.text(shortcutPath),
        Shapes.channels(mainPath));
    return mainPath;
  }

  @Override
  public List<Child> children(Shape input) {
    Child mainPath = new Child("main", main, input);
    return shortcut.layers().isEmpty()
        ? List.of(mainPath)
        : List.of(mainPath, new Child("shortcut", shortcut, input));
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Operand<TFloating> mainPath = Layers.build(context.child("main"), main, input);
    Operand<TFloating> shortcutPath = Layers.build(context.child("shortcut"), shortcut, input);
    Ops tf = context.tf();
    return Activation.RELU.apply(
        context, tf.math.add(mainPath, Floats.cast(tf, shortcutPath, mainPath.type())));
  }
}
