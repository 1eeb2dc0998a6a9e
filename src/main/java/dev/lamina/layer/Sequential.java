package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * Layers in sequence: each one's output is the input of the next. An unnamed layer is named by its
 * index, from 0, as in PyTorch's Sequential.
 *
 * @param layers the layers with their names
 */
public record Sequential(List<Named> layers) implements Layer {
  /**
   * A layer and its name.
   *
   * @param name letters, digits, underscores and hyphens; empty for one whose parts are named as if
   *     they stood in the sequence itself
   * @param layer the layer
   */
  public record Named(String name, Layer layer) {
    /** Checks the characters of the name. */
    public Named {
      if (!name.isEmpty()) {
        Names.check(name);
      }
    }
  }

  /** Checks that names are unique. */
  public Sequential {
    layers = List.copyOf(layers);
    Set<String> names = new HashSet<>();
    for (Named named : layers) {
      checkArgument(
          named.name().isEmpty() || names.add(named.name()),
          "names must be unique, got \"%s\" twice",
          named.name());
    }
  }

  /** Returns a sequence of layers, named by their indices. */
  public static Sequential of(Layer... layers) {
    Sequential sequential = new Sequential(List.of());
    for (Layer layer : layers) {
      sequential = sequential.then(layer);
    }
    return sequential;
  }

  /** Returns this sequence with one more layer, named by its index. */
  public Sequential then(Layer layer) {
    return then(Integer.toString(layers.size()), layer);
  }

  /** Returns this sequence with one more layer of the given name. */
  public Sequential then(String name, Layer layer) {
    List<Named> more = new ArrayList<>(layers);
    more.add(new Named(name, layer));
    return new Sequential(more);
  }

  @Override
  public Shape outputShape(Shape input) {
    Shape shape = input;
    for (Named named : layers) {
      shape = named.layer().outputShape(shape);
    }
    return shape;
  }

  @Override
  public List<Child> children(Shape input) {
    List<Child> children = new ArrayList<>();
    Shape shape = input;
    for (Named named : layers) {
      children.add(new Child(named.name(), named.layer(), shape));
      shape = named.layer().outputShape(shape);
    }
    return children;
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Operand<TFloating> value = input;
    for (int i = 0; i < layers.size(); i++) {
      Context own = child(context, i);
      if (losesBias(context, i)) {
        Conv2d convolution = (Conv2d) layers.get(i).layer();
        value = Layers.build(own, convolution.bias(false), value);
        i++;
        BatchNorm norm = (BatchNorm) layers.get(i).layer();
        value = norm.afterBias(child(context, i), value, own.get("bias"));
      } else {
        value = Layers.build(own, layers.get(i).layer(), value);
      }
    }
    return value;
  }

  /**
   * Returns whether a layer's bias is left out of the graph: that of a convolution in training, if
   * batch norm follows and subtracts it with the mean of the batch.
   */
  private boolean losesBias(Context context, int index) {
    return index + 1 < layers.size()
        && layers.get(index).layer() instanceof Conv2d convolution
        && convolution.bias()
        && layers.get(index + 1).layer() instanceof BatchNorm
        && child(context, index).training()
        && child(context, index + 1).training();
  }

  private Context child(Context context, int index) {
    return context.child(layers.get(index).name());
  }
}
