package dev.lamina.network;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.Preprocessing;
import dev.lamina.graph.Parameter;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.tensorflow.ndarray.Shape;

/**
 * A trained classifier: everything that an export needs.
 *
 * @param network the architecture
 * @param weights the value of every parameter, in row-major order, by full name
 * @param classNames the name of each class, in the order of the logits
 * @param preprocessing how image files become the network's input
 * @param metadata free text that is stored in exports
 */
public record Servable(
    Network network,
    Map<String, float[]> weights,
    List<String> classNames,
    Preprocessing preprocessing,
    Map<String, String> metadata) {
  /** Returns a classifier with {@link Preprocessing#defaultFor} its image size. */
  public Servable(
      Network network,
      Map<String, float[]> weights,
      List<String> classNames,
      Map<String, String> metadata) {
    this(
        network,
        weights,
        classNames,
        Preprocessing.defaultFor(network.height(), network.width()),
        metadata);
  }

  /**
   * Checks that classes and weights fit the body, and copies the collections, not the arrays.
   *
   * @throws IllegalArgumentException if they do not
   */
  public Servable {
    weights = Map.copyOf(weights);
    classNames = List.copyOf(classNames);
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    Shape logits = network.body().outputShape(network.inputShape());
    checkArgument(
        logits.equals(Shape.of(classNames.size())),
        "body must give one logit for each of %s class names, got shape %s",
        classNames.size(),
        Arrays.toString(logits.asArray()));
    Set<String> unknown = new TreeSet<>(weights.keySet());
    for (Map.Entry<String, Parameter> entry : network.parameters().entrySet()) {
      float[] values = weights.get(entry.getKey());
      checkArgument(values != null, "weights must hold every parameter, lack %s", entry.getKey());
      checkArgument(
          values.length == entry.getValue().size(),
          "%s must have %s values, got %s",
          entry.getKey(),
          entry.getValue().size(),
          values.length);
      unknown.remove(entry.getKey());
    }
    checkArgument(
        unknown.isEmpty(),
        "weights must be those of the network's parameters, got also %s",
        unknown);
  }

  /** Returns the values of one of the parameters, in row-major order. */
  public float[] weight(String name) {
    float[] values = weights.get(name);
    checkArgument(values != null, "name must be that of a parameter, got %s", name);
    return values;
  }
}
