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
 * @param mainName the name of the main path; "main" by default. If it is empty, the layers of the
 *     main path are named as if they stood in the block itself.
 * @param shortcutName the name of the shortcut; "shortcut" by default
 * @param relu whether the sum is rectified, as in a ResNet; true by default. Without it the block
 *     is {@code y = main(x) + shortcut(x)}, the linear bottleneck of Sandler et al. (arXiv
 *     1801.04381).
 */
public record Residual(
    Sequential main, Sequential shortcut, String mainName, String shortcutName, boolean relu)
    implements Layer {
  /** Checks that the two paths have different names, also those of the layers inside them. */
  public Residual {
    if (!mainName.isEmpty()) {
      Names.check(mainName);
    }
    Names.check(shortcutName);
    checkArgument(
        !shortcutName.equals(mainName)
            && !(mainName.isEmpty()
                && main.layers().stream().anyMatch(named -> named.name().equals(shortcutName))),
        "shortcutName must not be a name of the main path, got \"%s\"",
        shortcutName);
  }

  /** Returns a block with an identity shortcut. */
  public static Residual of(Layer... main) {
    return of(Sequential.of(main));
  }

  /** Returns a block with an identity shortcut and a main path whose layers have names. */
  public static Residual of(Sequential main) {
    return new Residual(main, Sequential.of(), "main", "shortcut", true);
  }

  /** Returns this block with other layers in both paths. */
  public Residual paths(Sequential main, Sequential shortcut) {
    return new Residual(main, shortcut, mainName, shortcutName, relu);
  }

  /**
   * Returns this block with layers in the shortcut: a 1x1 convolution and batch norm if the number
   * of channels changes.
   */
  public Residual shortcut(Layer... shortcut) {
    return paths(main, Sequential.of(shortcut));
  }

  /** Returns this block with other names of the two paths. */
  public Residual names(String mainName, String shortcutName) {
    return new Residual(main, shortcut, mainName, shortcutName, relu);
  }

  /** Returns this block with or without a ReLU after the sum. */
  public Residual relu(boolean relu) {
    return new Residual(main, shortcut, mainName, shortcutName, relu);
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
    Child mainPath = new Child(mainName, main, input);
    return shortcut.layers().isEmpty()
        ? List.of(mainPath)
        : List.of(mainPath, new Child(shortcutName, shortcut, input));
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Operand<TFloating> mainPath = Layers.build(context.child(mainName), main, input);
    Operand<TFloating> shortcutPath = Layers.build(context.child(shortcutName), shortcut, input);
    Ops tf = context.tf();
    Operand<TFloating> sum = tf.math.add(mainPath, Floats.cast(tf, shortcutPath, mainPath.type()));
    return relu ? Activation.RELU.apply(context, sum) : sum;
  }
}
