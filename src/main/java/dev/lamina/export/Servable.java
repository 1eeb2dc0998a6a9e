package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Parameter;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Sequential;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.tensorflow.ndarray.Shape;

/**
 * A trained classifier, all that it takes to export it.
 *
 * @param name what the network is called in tables
 * @param height the height of an image
 * @param width the width of an image
 * @param channels the channels of an image
 * @param body the network from images scaled to [0, 1] to logits
 * @param weights the value of every parameter, in row-major order, by full name
 * @param classNames the name of each class, in the order of the logits
 * @param metadata free text that is exported along
 */
public record Servable(
    String name,
    int height,
    int width,
    int channels,
    Sequential body,
    Map<String, float[]> weights,
    List<String> classNames,
    Map<String, String> metadata) {
  /**
   * Checks that classes and weights fit the body, and copies the collections, not the arrays.
   *
   * @throws IllegalArgumentException where they do not
   */
  public Servable {
    weights = Map.copyOf(weights);
    classNames = List.copyOf(classNames);
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    Shape logits = body.outputShape(Shape.of(height, width, channels));
    checkArgument(
        logits.equals(Shape.of(classNames.size())),
        "body must give one logit for each of %s class names, got shape %s",
        classNames.size(),
        Arrays.toString(logits.asArray()));
    Set<String> unknown = new TreeSet<>(weights.keySet());
    for (Map.Entry<String, Parameter> entry :
        Layers.parameters(body, Shape.of(height, width, channels)).entrySet()) {
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

  /** The values of one of the parameters. */
  float[] weight(String name) {
    float[] values = weights.get(name);
    checkArgument(values != null, "name must be that of a parameter, got %s", name);
    return values;
  }

  /** The parameters by full name, in the order of the layers. */
  Map<String, Parameter> parameters() {
    return Layers.parameters(body, image());
  }

  /** The shape of one image. */
  Shape image() {
    return Shape.of(height, width, channels);
  }
}
