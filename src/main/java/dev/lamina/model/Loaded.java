package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.export.Servable;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Classifier;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Sequential;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.tensorflow.ndarray.Shape;

/** Makes a model of what an export holds. */
final class Loaded {
  private Loaded() {}

  static Model model(Servable from, List<String> classNames) {
    boolean same = classNames.equals(from.classNames());
    Sequential body = same ? from.body() : resize(from.body(), classNames.size());
    Set<String> kept =
        same
            ? from.weights().keySet()
            : Layers.parameters(
                    Classifier.body(body).orElseThrow(),
                    Shape.of(from.height(), from.width(), from.channels()))
                .keySet();
    Model model =
        Model.of(new Network(from.name(), from.height(), from.width(), from.channels(), body));
    try {
      model.classNames(classNames);
      Map<Variable, float[]> values = new LinkedHashMap<>();
      for (String name : kept) {
        values.put(
            model.session().variable(name), Objects.requireNonNull(from.weights().get(name)));
      }
      model.session().assign(values);
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private static Sequential resize(Sequential body, int classes) {
    checkArgument(classes > 1, "classNames must name at least 2 classes, got %s", classes);
    return Classifier.resize(body, classes)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "network must end in a Dense to be given other classes; build it anew and read"
                        + " its weights with loadWeights"));
  }
}
