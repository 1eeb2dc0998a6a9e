package dev.lamina.format;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Celu;
import dev.lamina.layer.ChannelPad;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Layers;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.SqueezeExcitation;
import dev.lamina.layer.StochasticDepth;
import dev.lamina.layer.Whitening;
import dev.lamina.layer.ZeroPad;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The converters of layers to ONNX's operators, including those that users register. */
public final class OnnxConverters {
  private static final Map<Class<?>, OnnxConverter<?>> CONVERTERS = new ConcurrentHashMap<>();

  static {
    register(Activation.class, OnnxLayers::activation);
    register(Add.class, OnnxLayers::add);
    register(AveragePool.class, OnnxLayers::averagePool);
    register(BatchNorm.class, OnnxLayers::batchNorm);
    register(Celu.class, OnnxLayers::celu);
    register(ChannelPad.class, OnnxLayers::channelPad);
    register(Concat.class, OnnxLayers::concat);
    register(Conv2d.class, OnnxLayers::conv2d);
    register(Dense.class, OnnxLayers::dense);
    register(Dropout.class, (scope, layer, x) -> x);
    register(Flatten.class, OnnxLayers::flatten);
    register(GlobalAveragePool.class, OnnxLayers::globalAveragePool);
    register(MaxPool.class, OnnxLayers::maxPool);
    register(Normalize.class, OnnxLayers::normalize);
    register(Rescale.class, OnnxLayers::rescale);
    register(Residual.class, OnnxLayers::residual);
    register(Sequential.class, OnnxLayers::sequential);
    register(SqueezeExcitation.class, OnnxLayers::squeezeExcitation);
    register(StochasticDepth.class, (scope, layer, x) -> x);
    register(Whitening.class, OnnxLayers::whitening);
    register(ZeroPad.class, OnnxLayers::zeroPad);
  }

  private OnnxConverters() {}

  /**
   * Registers the converter of a kind of layer.
   *
   * @throws IllegalArgumentException if the class has a converter already
   */
  public static <L extends Layer> void register(Class<L> type, OnnxConverter<? super L> converter) {
    checkArgument(
        CONVERTERS.putIfAbsent(type, converter) == null,
        "converter of a layer must not be registered twice, got %s",
        type.getName());
  }

  /**
   * Adds a layer and those inside it.
   *
   * @throws IllegalArgumentException if its class has no converter
   */
  @SuppressWarnings("unchecked") // Found by the class of the layer.
  static String add(OnnxScope scope, Layer layer, String x) {
    Class<?> type =
        layer instanceof Enum<?> constant ? constant.getDeclaringClass() : layer.getClass();
    OnnxConverter<?> converter = CONVERTERS.get(type);
    checkArgument(
        converter != null,
        "layers must have a converter for ONNX, %s has none; register one with OnnxConverters.register, replace the layer, or export a SavedModel",
        Layers.describe(scope.path(), layer));
    return ((OnnxConverter<Layer>) converter).convert(scope, layer, x);
  }
}
