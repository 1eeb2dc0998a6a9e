package dev.lamina.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.collect.ImmutableMap;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Classifier;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Normalize;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Weights as a safetensors file with PyTorch's names and layout. Its metadata describes the network
 * under the key {@code lamina}, in the format of {@code assets.extra/lamina.json} in an export.
 */
public final class WeightsFile {
  /** The path of the weights in an export. TensorFlow ignores the folder. */
  static final String IN_EXPORT = "assets.extra/weights.safetensors";

  static final String DESCRIPTION = "lamina";

  private static final Logger LOG = LoggerFactory.getLogger(WeightsFile.class);

  private WeightsFile() {}

  /**
   * Writes the weights, replacing an existing file atomically.
   *
   * @throws java.io.UncheckedIOException if it cannot be written
   */
  public static void write(Path file, Servable servable) {
    content(servable).write(file);
  }

  private static Safetensors content(Servable servable) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    FlattenOrder order = FlattenOrder.of(servable.network());
    servable
        .network()
        .parameters()
        .forEach(
            (name, parameter) ->
                tensors.put(
                    name,
                    Tensor.of(
                        TorchLayout.shape(parameter),
                        TorchLayout.toTorch(
                            parameter, order.toTorch(name, servable.weight(name))))));
    return new Safetensors(
        tensors,
        ImmutableMap.of("format", "pt", DESCRIPTION, Description.json(servable).toString()));
  }

  /**
   * Reads the classifier from a file of weights or a checkpoint that this library wrote. Of a
   * checkpoint, these are the weights that the run evaluated.
   *
   * @throws LaminaException if another program wrote the file, it is damaged, or it contains layers
   *     that are code, such as lambdas
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Servable read(Path file) {
    return read(file, Safetensors.read(file));
  }

  private static Servable read(Path file, Safetensors content) {
    String description = content.metadata().get(DESCRIPTION);
    boolean checkpoint = CheckpointWeights.isIn(content);
    if (checkpoint) {
      CheckpointWeights.checkUndamaged(file, content);
    }
    if (description == null) {
      throw new LaminaException(
          "%s does not describe its network: its metadata has no \"%s\"; %s"
              .formatted(
                  file,
                  DESCRIPTION,
                  checkpoint
                      ? "resume its run, which writes newer checkpoints"
                      : "build the network in Java and read it with loadWeights"));
    }
    return Description.read(
        file,
        "; save the weights again",
        description.getBytes(UTF_8),
        network ->
            checkpoint
                ? CheckpointWeights.read(file, content, network.parameters())
                : weights(file, content, network));
  }

  /**
   * Returns what the writer of a file said of the model, which may have layers that this version
   * does not know; empty if the file does not describe its network.
   *
   * @throws LaminaException if the file is damaged or of a newer format
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Map<String, String> metadata(Path file) {
    String description = Safetensors.read(file).metadata().get(DESCRIPTION);
    return description == null ? Map.of() : Description.metadata(file, description.getBytes(UTF_8));
  }

  /**
   * Reads the weights of a known network, in TensorFlow's layout. Any program may have written the
   * file; the prefixes of PyTorch's DataParallel, torch.compile and Lightning are removed. Of a
   * checkpoint, these are the weights that the run evaluated.
   *
   * @throws LaminaException if the file is damaged or does not match the network
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Map<String, float[]> weights(Path file, Network network) {
    Safetensors content = stateDict(file);
    Map<String, float[]> weights = weights(file, content, network);
    compareNormalization(file, content, network);
    return weights;
  }

  /**
   * Reads the weights of a known network with as many classes as the file has. Any program may have
   * written the file; the classes are named "0", "1", ....
   *
   * @param network the network, with any number of classes
   * @throws LaminaException if the file is damaged or does not match the network
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Servable read(Path file, Network network) {
    Safetensors content = stateDict(file);
    Map<String, Tensor> tensors = StateDict.tensors(content, network.parameters().keySet());
    int classes = classes(network, tensors);
    Network sized =
        Classifier.resize(network.body(), classes).map(network::withBody).orElse(network);
    Map<String, float[]> weights = weights(file, content, tensors, sized);
    compareNormalization(file, content, network);
    return new Servable(
        sized, weights, IntStream.range(0, classes).mapToObj(Integer::toString).toList(), Map.of());
  }

  /**
   * Returns the content of a file of weights, or what it would be for the model of a checkpoint.
   */
  private static Safetensors stateDict(Path file) {
    Safetensors content = Safetensors.read(file);
    return CheckpointWeights.isIn(content) ? content(read(file, content)) : content;
  }

  /** Returns the number of classes of the file's classifier; the network's own if it has none. */
  private static int classes(Network network, Map<String, Tensor> tensors) {
    Optional<Network> body = Classifier.body(network.body()).map(network::withBody);
    if (body.isEmpty()) {
      return network.classes();
    }
    Map<String, Parameter> classifier = new LinkedHashMap<>(network.parameters());
    classifier.keySet().removeAll(body.orElseThrow().parameters().keySet());
    return classifier.entrySet().stream()
        .filter(entry -> entry.getValue().role() == Role.KERNEL)
        .map(entry -> tensors.get(entry.getKey()))
        .filter(tensor -> tensor != null && tensor.shape().length == 2 && tensor.shape()[0] > 1)
        .map(tensor -> Math.toIntExact(tensor.shape()[0]))
        .findFirst()
        .orElse(network.classes());
  }

  /** Returns the SHA-256 of a file, in hexadecimal digits. */
  static String sha256(Path file) throws IOException {
    return MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString();
  }

  /** Returns the weights of the network that the file was written with. */
  static Map<String, float[]> weights(Path file, Safetensors content, Network network) {
    return weights(
        file, content, StateDict.tensors(content, network.parameters().keySet()), network);
  }

  private static Map<String, float[]> weights(
      Path file, Safetensors content, Map<String, Tensor> tensors, Network network) {
    Map<String, float[]> weights = StateDict.weights(file, tensors, network.parameters());
    FlattenOrder order = FlattenOrder.of(network);
    String description = content.metadata().get(DESCRIPTION);
    // An older version of this library wrote its own order.
    if (!order.isNone()
        && (description == null
            || Description.hasFlattenOrder(file, description.getBytes(UTF_8)))) {
      weights.replaceAll(order::fromTorch);
    }
    return weights;
  }

  /** Warns if the weights were trained with another normalisation than that of the network. */
  private static void compareNormalization(Path file, Safetensors content, Network network) {
    String description = content.metadata().get(DESCRIPTION);
    if (description == null) {
      return;
    }
    List<Layer> own = normalizations(network);
    List<Layer> trained;
    try {
      trained = normalizations(Description.network(file, description.getBytes(UTF_8)));
    } catch (IllegalArgumentException | ArithmeticException | LaminaException e) {
      // Of weights for a known network the description need not be readable.
      return;
    }
    if (!trained.equals(own)) {
      LOG.warn(
          "{} has weights for images normalised by {}, and the network has {}; Model.load takes that of the file",
          file,
          trained,
          own);
    }
  }

  private static List<Layer> normalizations(Network network) {
    return Layers.nodes(network.body(), network.inputShape()).stream()
        .map(Layers.LayerNode::layer)
        .filter(Normalize.class::isInstance)
        .toList();
  }
}
