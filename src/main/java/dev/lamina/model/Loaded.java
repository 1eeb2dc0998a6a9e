package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.export.SavedModelReader;
import dev.lamina.export.Servable;
import dev.lamina.export.WeightsFile;
import dev.lamina.layer.Classifier;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Sequential;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;

/** Makes a model of what an export or a weights file holds. */
final class Loaded {
  private Loaded() {}

  static Servable read(Path path) {
    return Files.isDirectory(path) ? SavedModelReader.read(path) : WeightsFile.read(path);
  }

  static Model model(Servable from, List<String> classNames, long seed) {
    boolean same = classNames.equals(from.classNames());
    Sequential body = same ? from.body() : resize(from.body(), classNames.size());
    Map<String, float[]> kept = new LinkedHashMap<>(from.weights());
    if (!same) {
      Shape image = Shape.of(from.height(), from.width(), from.channels());
      kept.keySet()
          .retainAll(Layers.parameters(Classifier.body(body).orElseThrow(), image).keySet());
    }
    Model model =
        Model.of(
            new Network(from.name(), from.height(), from.width(), from.channels(), body), seed);
    try {
      model.classNames(classNames);
      model.metadata(from.metadata());
      model.assign(kept);
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
