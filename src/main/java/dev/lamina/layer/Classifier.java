package dev.lamina.layer;

import dev.lamina.layer.Sequential.Named;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.tensorflow.ndarray.Shape;

/**
 * The classifier (head) of a network: its last {@link Dense} in a {@link Sequential}, which may be
 * nested, but not in a branch. After it there may be layers that give each of its outputs another
 * value, such as an {@link Activation} or a {@link BatchNorm}.
 */
public final class Classifier {
  private Classifier() {}

  /**
   * Returns the layers before the classifier, with their names in the network; empty if the network
   * has no classifier.
   */
  public static Optional<Sequential> body(Layer network) {
    return endsInDense(network) ? cut(network, Optional.empty()) : Optional.empty();
  }

  /**
   * Returns the network with another number of classes; empty if it has no classifier.
   *
   * @param classes the units of the new classifier; its other options are kept
   */
  public static Optional<Sequential> resize(Layer network, int classes) {
    return endsInDense(network) ? cut(network, Optional.of(classes)) : Optional.empty();
  }

  private static boolean endsInDense(Layer network) {
    Optional<Shape> logits = Optional.empty();
    for (Layer layer : Layers.steps(network).toList()) {
      logits =
          layer instanceof Dense dense
              ? Optional.of(Shape.of(dense.units()))
              : logits.filter(outputs -> keeps(layer, outputs));
    }
    return logits.isPresent();
  }

  /** Returns whether a layer has one output for each element of a vector, and no weight matrix. */
  private static boolean keeps(Layer layer, Shape vector) {
    return layer.outputShape(vector).equals(vector)
        && layer.children(vector).isEmpty()
        && layer.parameters(vector).stream()
            .allMatch(parameter -> parameter.shape().numDimensions() < 2);
  }

  /** Drops the classifier and all layers after it, or replaces its number of units. */
  private static Optional<Sequential> cut(Layer network, Optional<Integer> units) {
    if (!(network instanceof Sequential sequential)) {
      return Optional.empty();
    }
    List<Named> layers = sequential.layers();
    for (int i = layers.size() - 1; i >= 0; i--) {
      Optional<Layer> part =
          layers.get(i).layer() instanceof Dense dense
              ? Optional.of(units.<Layer>map(dense::units).orElse(Sequential.of()))
              : cut(layers.get(i).layer(), units).map(Layer.class::cast);
      if (part.isPresent()) {
        List<Named> result = new ArrayList<>(layers.subList(0, i));
        result.add(new Named(layers.get(i).name(), part.get()));
        if (units.isPresent()) {
          result.addAll(layers.subList(i + 1, layers.size()));
        }
        return Optional.of(new Sequential(result));
      }
    }
    return Optional.empty();
  }
}
