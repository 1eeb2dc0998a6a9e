package dev.lamina.format;

import com.google.common.collect.Sets;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Parameter;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The tensors of a file as PyTorch's {@code load_state_dict(strict=True)} sees them: each parameter
 * of the network has one, and there are no others.
 */
final class StateDict {
  /** What DataParallel, torch.compile and Lightning put before every name. */
  private static final List<String> PREFIXES = List.of("module.", "_orig_mod.", "model.");

  /** Counters of PyTorch's batch norm and AveragedModel, which this library does not have. */
  private static final Pattern COUNTER = Pattern.compile("(.*num_batches_tracked|n_averaged)");

  /** So many names of a kind are listed. */
  private static final int LISTED = 5;

  private StateDict() {}

  /**
   * Returns the tensors of a file by the names that the network may have: without the prefixes that
   * all of them have, unless the network has them too, and without counters.
   */
  static Map<String, Tensor> tensors(Safetensors content, Set<String> network) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(content.tensors());
    tensors.keySet().removeIf(name -> COUNTER.matcher(name).matches());
    for (String prefix = common(tensors.keySet(), network);
        !prefix.isEmpty();
        prefix = common(tensors.keySet(), network)) {
      Map<String, Tensor> shorter = new LinkedHashMap<>();
      int length = prefix.length();
      tensors.forEach((name, tensor) -> shorter.put(name.substring(length), tensor));
      tensors = shorter;
    }
    return tensors;
  }

  /** Returns a prefix of all names; empty if there is none, or a name is one of the network's. */
  private static String common(Set<String> names, Set<String> network) {
    if (names.isEmpty() || names.stream().anyMatch(network::contains)) {
      return "";
    }
    return PREFIXES.stream()
        .filter(prefix -> names.stream().allMatch(name -> name.startsWith(prefix)))
        .findFirst()
        .orElse("");
  }

  /**
   * Returns the values of a network's parameters, in TensorFlow's layout.
   *
   * @param file the file, for messages
   * @param tensors the tensors by the names of the network
   * @throws LaminaException if a tensor is missing, unexpected or of another shape; the message
   *     lists them as PyTorch does
   */
  static Map<String, float[]> weights(
      Path file, Map<String, Tensor> tensors, Map<String, Parameter> parameters) {
    List<String> problems = new ArrayList<>();
    list(problems, "missing", Sets.difference(parameters.keySet(), tensors.keySet()));
    list(problems, "unexpected", Sets.difference(tensors.keySet(), parameters.keySet()));
    Map<String, float[]> weights = new LinkedHashMap<>();
    parameters.forEach(
        (name, parameter) -> {
          Tensor tensor = tensors.get(name);
          if (tensor == null) {
            return;
          }
          long[] shape = TorchLayout.shape(parameter);
          if (Arrays.equals(tensor.shape(), shape)) {
            weights.put(name, TorchLayout.fromTorch(parameter, finite(file, name, tensor)));
          } else {
            problems.add(
                "size mismatch for %s: file has %s, network needs %s"
                    .formatted(name, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
          }
        });
    if (!problems.isEmpty()) {
      throw new LaminaException(
          "%s does not match the network: %s; check that it is of this network, with its width and classes"
              .formatted(file, listed(problems, "; ")));
    }
    return weights;
  }

  /** Of a value that is not finite every prediction would be NaN. */
  private static float[] finite(Path file, String name, Tensor tensor) {
    float[] values = tensor.floats();
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new LaminaException(
            "%s must have finite weights, got %s in %s; its training diverged, or it does not fit float32"
                .formatted(file, value, name));
      }
    }
    return values;
  }

  private static void list(List<String> problems, String kind, Set<String> names) {
    if (!names.isEmpty()) {
      List<String> quoted =
          names.stream().map(name -> '"' + Messages.singleLine(name) + '"').toList();
      problems.add(kind + " key(s) in state_dict: " + listed(quoted, ", "));
    }
  }

  private static String listed(List<String> texts, String separator) {
    String first = texts.stream().limit(LISTED).collect(Collectors.joining(separator));
    return texts.size() <= LISTED
        ? first
        : "%s and %s more".formatted(first, texts.size() - LISTED);
  }
}
