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
   * @param name letters, digits, underscores and hyphens
   * @param layer the layer
   */
  public record Named(String name, Layer layer) {
    /** Checks the characters of the name. */
    public Named {
      Names.check(name);
    }
  }

  /** Checks that names are unique. */
  public Sequential {
    layers = List.copyOf(layers);
    Set<String> names = new HashSet<>();
    for (Named named : layers) {
      checkArgument(
          names.add(named.name()), "names must be unique, got \"%s\" twice", named.name());
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
    for (Named named : layers) {
      value = Layers.build(context.child(named.name()), named.layer(), value);
    }
    return value;
  }
}
