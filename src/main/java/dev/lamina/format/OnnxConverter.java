package dev.lamina.format;

import dev.lamina.layer.Layer;

/**
 * Writes one kind of layer in ONNX's operators, for inference. Converters of custom layers are
 * registered with {@link OnnxConverters#register}:
 *
 * <pre>{@code
 * OnnxConverters.register(Scale.class, (scope, scale, x) ->
 *     scope.node("Mul", List.of(x, scope.number("factor", scale.factor()))));
 * }</pre>
 *
 * @param <L> the kind of layer
 */
@FunctionalInterface
public interface OnnxConverter<L extends Layer> {
  /**
   * Adds the layer's operators.
   *
   * @param scope the scope to add them to
   * @param layer the layer
   * @param x the name of the input of the layer, [N, channels, height, width] or [N, features]
   * @return the name of its output
   */
  String convert(OnnxScope scope, L layer, String x);
}
