package dev.lamina.zoo;

import dev.lamina.graph.Context;
import dev.lamina.graph.Parameter;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Residual;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/** Remembers what layers give, under their full names, in the order in which they are built. */
final class Probes {
  /** A layer that was built: its full name is the key. */
  record Built(Layer layer, Operand<TFloating> output) {
    /** Whether the output is a ReLU's. */
    boolean rectified() {
      return layer == Activation.RELU || layer instanceof Residual;
    }
  }

  private final Map<String, Built> built = new LinkedHashMap<>();

  /** The same layer, watched. */
  Layer watch(Layer layer) {
    return new Watched(layer);
  }

  /** The same layers, watched. */
  Layer[] watch(Layer... layers) {
    Layer[] watched = new Layer[layers.length];
    for (int i = 0; i < layers.length; i++) {
      watched[i] = watch(layers[i]);
    }
    return watched;
  }

  /** What was built since the last {@link #clear}. */
  Map<String, Built> built() {
    return new LinkedHashMap<>(built);
  }

  /** The layer itself, where it is watched or not. */
  static Layer bare(Layer layer) {
    return layer instanceof Watched watched ? watched.layer : layer;
  }

  void clear() {
    built.clear();
  }

  private final class Watched implements Layer {
    private final Layer layer;

    Watched(Layer layer) {
      this.layer = layer;
    }

    @Override
    public Shape outputShape(Shape input) {
      return layer.outputShape(input);
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
      Operand<TFloating> output = layer.apply(context, input);
      built.put(context.path(), new Built(layer, output));
      return output;
    }

    @Override
    public List<Parameter> parameters(Shape input) {
      return layer.parameters(input);
    }

    @Override
    public List<Child> children(Shape input) {
      return layer.children(input);
    }

    @Override
    public long macs(Shape input) {
      return layer.macs(input);
    }

    @Override
    public boolean acceptsAnyFloatType() {
      return layer.acceptsAnyFloatType();
    }

    @Override
    public String kind() {
      return layer.kind();
    }
  }
}
