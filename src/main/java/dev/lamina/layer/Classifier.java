package dev.lamina.layer;

import dev.lamina.layer.Sequential.Named;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The classifier of a network: its last {@link Dense} that stands in the main row of layers, in a
 * {@link Sequential} or one inside it, not in a branch.
 */
public final class Classifier {
  private Classifier() {}

  /**
   * The layers in front of the classifier, under the names that they have in the network; empty
   * where the network has no classifier.
   */
  public static Optional<Sequential> body(Layer network) {
    return cut(network, Optional.empty());
  }

  /**
   * The network with another number of classes; empty where it has no classifier.
   *
   * @param classes the units of the new classifier, which is otherwise as the old one
   */
  public static Optional<Sequential> resize(Layer network, int classes) {
    return cut(network, Optional.of(classes));
  }

  /** Ends before the classifier, or gives it another number of units and keeps what follows. */
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
