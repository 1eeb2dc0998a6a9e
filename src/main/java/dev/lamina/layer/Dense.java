package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * A fully connected layer: {@code y = x * weight + bias}.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[in]</td></tr>
 * <tr><td>weight</td><td>[in, units]</td></tr>
 * <tr><td>bias</td><td>[units]</td></tr>
 * <tr><td>output</td><td>[units]</td></tr>
 * </table>
 *
 * @param units the number of output features
 * @param bias whether a bias is added; true by default
 * @param initializer the initializer of the weights; {@link Initializer#fanInUniform()} (PyTorch's
 *     default) by default
 * @param biasInitializer the initializer of the bias; {@link Initializer#fanInUniform()} by default
 */
public record Dense(int units, boolean bias, Initializer initializer, Initializer biasInitializer)
    implements Layer {

  private static final Initializer DEFAULT = Initializer.fanInUniform();

  /** Checks that units is positive. */
  public Dense {
    checkArgument(units > 0, "units must be positive, got %s", units);
  }

  /** Returns a fully connected layer with a bias. */
  public static Dense of(int units) {
    return new Dense(units, true, DEFAULT, DEFAULT);
  }

  /** Returns this layer with another number of output features. */
  public Dense units(int units) {
    return new Dense(units, bias, initializer, biasInitializer);
  }

  /** Returns this layer with or without a bias. */
  public Dense bias(boolean bias) {
    return new Dense(units, bias, initializer, biasInitializer);
  }

  /** Returns this layer with another initializer of the weights. */
  public Dense initializer(Initializer initializer) {
    return new Dense(units, bias, initializer, biasInitializer);
  }

  /** Returns this layer with another initializer of the bias. */
  public Dense biasInitializer(Initializer biasInitializer) {
    return new Dense(units, bias, initializer, biasInitializer);
  }

  @Override
  public Shape outputShape(Shape input) {
    checkArgument(
        input.numDimensions() == 1,
        "input of Dense must be [features], got %s; put Flatten or GlobalAveragePool before it",
        Shapes.text(input));
    return Shape.of(units);
  }

  @Override
  public List<Parameter> parameters(Shape input) {
    long in = input.get(0);
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(
        new Parameter("weight", Shape.of(in, units), Role.KERNEL, initializer, in, units));
    if (bias) {
      parameters.add(new Parameter("bias", Shape.of(units), Role.BIAS, biasInitializer, in, units));
    }
    return parameters;
  }

  @Override
  public long macs(Shape input) {
    return input.get(0) * units;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Operand<TFloating> product = context.tf().linalg.matMul(input, context.get("weight"));
    return bias ? context.tf().nn.biasAdd(product, context.get("bias")) : product;
  }
}
