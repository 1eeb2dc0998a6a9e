package dev.lamina.examples;

import dev.lamina.format.OnnxConverters;
import dev.lamina.graph.Context;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.layer.Layer;
import dev.lamina.layer.LayerTypes;
import dev.lamina.registry.Options;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

// region layer
/**
 * Multiplies each feature by a trained factor (LayerScale; Touvron et al., arXiv 2103.17239):
 * {@code y = weight * x} for vectors [features].
 *
 * @param initial the factors at the start
 */
record LayerScale(double initial) implements Layer {
  /** Makes the layer known to files and to ONNX. */
  static void register() {
    LayerTypes.REGISTRY.register(
        "LayerScale",
        LayerScale.class,
        layer -> Options.none().with("initial", layer.initial()),
        options -> new LayerScale(options.getDouble("initial", 1)));
    OnnxConverters.register(
        LayerScale.class, (scope, layer, x) -> scope.node("Mul", scope.operands(layer, x)));
  }

  @Override
  public Shape outputShape(Shape input) {
    return input;
  }

  @Override
  public List<Parameter> parameters(Shape input) {
    return List.of(Parameter.of("weight", input, Role.NORM, Initializer.constant((float) initial)));
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
    return context.tf().math.mul(x, context.get("weight"));
  }
}
// endregion
