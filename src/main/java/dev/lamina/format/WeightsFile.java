package dev.lamina.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.collect.ImmutableMap;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Parameter;
import dev.lamina.io.LaminaException;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Weights as a safetensors file with PyTorch's names and layout. Its metadata describes the network
 * under the key {@code lamina}, in the format of {@code assets.extra/lamina.json} in an export.
 */
public final class WeightsFile {
  /** The path of the weights in an export. TensorFlow ignores the folder. */
  static final String IN_EXPORT = "assets.extra/weights.safetensors";

  private static final String DESCRIPTION = "lamina";

  /** A counter of PyTorch's batch norm, which this library does not have. */
  private static final String COUNTER = "num_batches_tracked";

  private WeightsFile() {}

  /**
   * Writes the weights, replacing an existing file atomically.
   *
   * @throws java.io.UncheckedIOException if it cannot be written
   */
  public static void write(Path file, Servable servable) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    servable
        .network()
        .parameters()
        .forEach(
            (name, parameter) ->
                tensors.put(
                    name,
                    Tensor.of(
                        TorchLayout.shape(parameter),
                        TorchLayout.toTorch(parameter, servable.weight(name)))));
    new Safetensors(
            tensors,
            ImmutableMap.of("format", "pt", DESCRIPTION, Description.json(servable).toString()))
        .write(file);
  }

  /**
   * Reads the classifier from a file that this library wrote.
   *
   * @throws LaminaException if another program wrote the file, it is damaged, or it contains layers
   *     that are code, such as lambdas
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Servable read(Path file) {
    Safetensors content = Safetensors.read(file);
    String description = content.metadata().get(DESCRIPTION);
    if (description == null) {
      throw new LaminaException(
          "%s does not describe its network: its metadata has no \"%s\"; build the network in Java and read it with loadWeights"
              .formatted(file, DESCRIPTION));
    }
    return Description.read(
        file,
        "; save the weights again",
        description.getBytes(UTF_8),
        parameters -> weights(file, content, parameters));
  }

  /**
   * Reads the weights of a known network, in TensorFlow's layout. Any program may have written the
   * file.
   *
   * @param parameters the network's parameters by full name
   * @throws LaminaException if the file is damaged or does not match the network
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Map<String, float[]> read(Path file, Map<String, Parameter> parameters) {
    return weights(file, Safetensors.read(file), parameters);
  }

  /** Returns the SHA-256 of a file, in hexadecimal digits. */
  static String sha256(Path file) throws IOException {
    return MoreFiles.asByteSource(file).hash(Hashing.sha256()).toString();
  }

  private static Map<String, float[]> weights(
      Path file, Safetensors content, Map<String, Parameter> parameters) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(content.tensors());
    tensors.keySet().removeIf(name -> name.endsWith(COUNTER));
    Map<String, float[]> weights = new LinkedHashMap<>();
    parameters.forEach(
        (name, parameter) -> {
          Tensor tensor = tensors.remove(name);
          if (tensor == null) {
            throw new LaminaException(
                file
                    + " has no tensor "
                    + name
                    + "; it belongs to another network, or is incomplete");
          }
          long[] shape = TorchLayout.shape(parameter);
          if (!Arrays.equals(tensor.shape(), shape)) {
            throw new LaminaException(
                String.format(
                    "%s has %s with shape %s, the network needs %s; build the network with the width and classes of the file",
                    file, name, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
          }
          weights.put(name, TorchLayout.fromTorch(parameter, tensor.floats()));
        });
    if (!tensors.isEmpty()) {
      throw new LaminaException(
          file
              + " has the tensor "
              + tensors.keySet().iterator().next()
              + ", which the network does not have; it belongs to another network");
    }
    return weights;
  }
}
