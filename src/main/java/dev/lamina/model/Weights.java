package dev.lamina.model;

import dev.lamina.export.FormatException;
import dev.lamina.export.Safetensors;
import dev.lamina.export.Safetensors.Tensor;
import dev.lamina.export.TorchLayout;
import dev.lamina.graph.Variable;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A model's weights as a safetensors file in PyTorch's names and layout. */
final class Weights {
  /** PyTorch's batch norm counts its batches; nothing here depends on it. */
  private static final String COUNTER = "num_batches_tracked";

  private Weights() {}

  static void save(Model model, Path file) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    model
        .session()
        .read(model.variables())
        .forEach(
            (variable, values) ->
                tensors.put(
                    variable.name(),
                    Tensor.of(
                        TorchLayout.shape(variable.parameter()),
                        TorchLayout.toTorch(variable.parameter(), values))));
    new Safetensors(tensors, Map.of("format", "pt")).write(file);
  }

  static void load(Model model, Path file) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(Safetensors.read(file).tensors());
    tensors.keySet().removeIf(name -> name.endsWith(COUNTER));
    Map<Variable, float[]> values = new LinkedHashMap<>();
    for (Variable variable : model.variables()) {
      Tensor tensor = tensors.remove(variable.name());
      if (tensor == null) {
        throw new FormatException(
            file
                + " lacks the tensor "
                + variable.name()
                + "; it is of another network, or was cut");
      }
      long[] shape = TorchLayout.shape(variable.parameter());
      if (!Arrays.equals(tensor.shape(), shape)) {
        throw new FormatException(
            String.format(
                "%s has %s with shape %s, the network needs %s; build the network with the width and classes of the file",
                file, variable.name(), Arrays.toString(tensor.shape()), Arrays.toString(shape)));
      }
      values.put(variable, TorchLayout.fromTorch(variable.parameter(), tensor.floats()));
    }
    if (!tensors.isEmpty()) {
      throw new FormatException(
          file
              + " has the tensor "
              + tensors.keySet().iterator().next()
              + ", which the network does not have; it is of another network");
    }
    model.session().assign(values);
  }
}
