package dev.lamina.export;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.collect.ImmutableMap;
import dev.lamina.export.Safetensors.Tensor;
import dev.lamina.graph.Parameter;
import dev.lamina.layer.Layers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.ndarray.Shape;

/**
 * Weights as a safetensors file in PyTorch's names and layout. Its metadata says under {@code
 * lamina} which network they are of, as {@code assets.extra/lamina.json} of an export does.
 */
public final class WeightsFile {
  private static final String DESCRIPTION = "lamina";

  /** PyTorch's batch norm counts its batches; nothing here depends on it. */
  private static final String COUNTER = "num_batches_tracked";

  private WeightsFile() {}

  /**
   * Writes the weights; the file is replaced as a whole.
   *
   * @throws java.io.UncheckedIOException where it cannot be written
   */
  public static void write(Path file, Servable servable) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    servable
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
   * The classifier of a file that this library wrote.
   *
   * @throws FormatException where another program wrote it, it is damaged, or it holds layers that
   *     are code, such as lambdas
   * @throws java.io.UncheckedIOException where it cannot be read
   */
  public static Servable read(Path file) {
    Safetensors content = Safetensors.read(file);
    String description = content.metadata().get(DESCRIPTION);
    if (description == null) {
      throw new FormatException(
          "%s does not say which network it is of: its metadata has no \"%s\"; build the network in Java and read it with loadWeights"
              .formatted(file, DESCRIPTION));
    }
    return Description.read(
        file,
        "; save the weights again",
        description.getBytes(UTF_8),
        (body, height, width, channels) ->
            weights(file, content, Layers.parameters(body, Shape.of(height, width, channels))));
  }

  /**
   * The weights of a known network, in this library's layout; whoever wrote the file.
   *
   * @param parameters the network's parameters by full name
   * @throws FormatException where the file is damaged or is not of this network
   * @throws java.io.UncheckedIOException where it cannot be read
   */
  public static Map<String, float[]> read(Path file, Map<String, Parameter> parameters) {
    return weights(file, Safetensors.read(file), parameters);
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
            throw new FormatException(
                file + " lacks the tensor " + name + "; it is of another network, or was cut");
          }
          long[] shape = TorchLayout.shape(parameter);
          if (!Arrays.equals(tensor.shape(), shape)) {
            throw new FormatException(
                String.format(
                    "%s has %s with shape %s, the network needs %s; build the network with the width and classes of the file",
                    file, name, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
          }
          weights.put(name, TorchLayout.fromTorch(parameter, tensor.floats()));
        });
    if (!tensors.isEmpty()) {
      throw new FormatException(
          file
              + " has the tensor "
              + tensors.keySet().iterator().next()
              + ", which the network does not have; it is of another network");
    }
    return weights;
  }
}
