package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.format.SavedModelReader;
import dev.lamina.format.WeightsFile;
import dev.lamina.graph.Device;
import dev.lamina.layer.Classifier;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Creates a model from an export or a weights file; most callers use {@link Model#load}. */
public final class ModelLoader {
  private ModelLoader() {}

  static Servable read(Path path) {
    return Files.isDirectory(path) ? SavedModelReader.read(path) : WeightsFile.read(path);
  }

  /**
   * Loads weights that any program wrote, such as PyTorch, into a known network: as {@link
   * Model#loadWeights} does, but also for other classes. If there are as many classes as in the
   * file and they have no names, the classifier is kept; otherwise it is initialised again.
   *
   * @param network the network, with any number of classes
   * @param classNames the new classes; if empty, those of the file, named "0", "1", ...
   * @param named whether these are names, also if they are "0", "1", ...; otherwise they are a
   *     number
   * @param seed determines the initial weights of a new classifier
   * @param device where the model is trained and run
   * @throws dev.lamina.io.LaminaException if the file is damaged or is not of this network
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Model pretrained(
      Path weights,
      Network network,
      Optional<List<String>> classNames,
      boolean named,
      long seed,
      Device device) {
    Servable from = WeightsFile.read(weights, network);
    List<String> names = classNames.orElse(from.classNames());
    return model(from, names, !named && names.equals(from.classNames()), seed, device);
  }

  static Model model(Servable from, List<String> classNames, long seed, Device device) {
    return model(from, classNames, classNames.equals(from.classNames()), seed, device);
  }

  private static Model model(
      Servable from, List<String> classNames, boolean same, long seed, Device device) {
    Network network =
        same
            ? from.network()
            : from.network().withBody(resize(from.network().body(), classNames.size()));
    Map<String, float[]> kept = new LinkedHashMap<>(from.weights());
    if (!same) {
      Sequential features = Classifier.body(network.body()).orElseThrow();
      kept.keySet().retainAll(network.withBody(features).parameters().keySet());
    }
    Model model =
        Model.of(
            network,
            device,
            variable -> {
              float[] values = kept.get(variable.name());
              return values == null ? variable.initialValues(seed) : values;
            });
    try {
      model.classNames(classNames);
      model.preprocessing(from.preprocessing());
      model.metadata(from.metadata());
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
