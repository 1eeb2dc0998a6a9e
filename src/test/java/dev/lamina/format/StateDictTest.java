package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Parameter;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files as PyTorch and the programs around it write them. */
class StateDictTest {
  private static final Network NETWORK =
      Network.input(5, 5, 1)
          .then("conv", Conv2d.of(2, 3).bias(false))
          .then("bn", BatchNorm.create())
          .then("pool", GlobalAveragePool.create())
          .then("fc", Dense.of(3));

  @TempDir private Path folder;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  @BeforeEach
  void plainTensors() {
    tensors.putAll(tensors(NETWORK));
  }

  private static Map<String, Tensor> tensors(Network network) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    float next = 1;
    for (Map.Entry<String, Parameter> entry : network.parameters().entrySet()) {
      float[] values = new float[(int) entry.getValue().size()];
      java.util.Arrays.fill(values, next++);
      tensors.put(entry.getKey(), Tensor.of(TorchLayout.shape(entry.getValue()), values));
    }
    return tensors;
  }

  private Path write(String prefix) {
    Map<String, Tensor> prefixed = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> prefixed.put(prefix + name, tensor));
    Path file = folder.resolve("weights.safetensors");
    new Safetensors(prefixed, Map.of("format", "pt")).write(file);
    return file;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "module.",
        "_orig_mod.",
        "model.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "model.module._orig_mod."
      })
  void prefixesOfAllNames_areRemoved(String prefix) {
    tensors.put("bn.num_batches_tracked", Tensor.of(new long[0], new float[1]));
    Map<String, float[]> weights = WeightsFile.weights(write(prefix), NETWORK);
    assertThat(weights.keySet()).isEqualTo(NETWORK.parameters().keySet());
    assertThat(weights.get("fc.bias")).containsExactly(7, 7, 7);
  }

  @Test
  void prefixThatIsANameOfTheNetwork_isKept() {
    Network network =
        Network.input(5, 5, 1)
            .then("model", Sequential.of(GlobalAveragePool.create(), Dense.of(3)));
    tensors.clear();
    tensors.putAll(tensors(network));
    for (String prefix : new String[] {"", "module.", "model."}) {
      assertThat(WeightsFile.weights(write(prefix), network)).hasSize(2);
    }
  }

  /** Its counter stands beside the module. */
  @Test
  void averagedModelOfPyTorch_isRead() {
    Map<String, Tensor> own = new LinkedHashMap<>(tensors);
    tensors.clear();
    tensors.put("n_averaged", Tensor.of(new long[0], new float[1]));
    own.forEach((name, tensor) -> tensors.put("module." + name, tensor));
    assertThat(WeightsFile.weights(write(""), NETWORK)).containsKey("fc.weight");
  }

  @Test
  void prefixOfSomeNames_isUnexpected() {
    tensors.put("module.fc.bias", tensors.remove("fc.bias"));
    refuses(
        "missing key(s) in state_dict: \"fc.bias\"; unexpected key(s) in state_dict:"
            + " \"module.fc.bias\"");
  }

  @Test
  void allProblems_areListed() {
    tensors.keySet().removeIf(name -> name.startsWith("bn") || name.startsWith("conv"));
    tensors.put("fc.weight", Tensor.of(new long[] {2, 2}, new float[4]));
    tensors.put("fc\n.scale", Tensor.of(new long[] {1}, new float[1]));
    for (int i = 0; i < 6; i++) {
      tensors.put("more." + i, Tensor.of(new long[] {1}, new float[1]));
    }
    refuses(
        "missing key(s) in state_dict: \"conv.weight\", \"bn.weight\", \"bn.bias\","
            + " \"bn.running_mean\", \"bn.running_var\"; unexpected key(s) in state_dict:"
            + " \"fc?.scale\", \"more.0\", \"more.1\", \"more.2\", \"more.3\" and 2 more; size"
            + " mismatch for fc.weight: file has [2, 2], network needs [3, 2]");
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void weightsThatAreNotFinite_areRefused(float value) {
    tensors.put("fc.bias", Tensor.of(new long[] {3}, new float[] {0, 1, value}));
    Path file = write("");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> WeightsFile.weights(file, NETWORK))
        .withMessage(
            "%s must have finite weights, got %s in fc.bias; its training diverged, or it does not fit float32"
                .formatted(file, value));
  }

  private void refuses(String problems) {
    Path file = write("");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> WeightsFile.weights(file, NETWORK))
        .withMessage(
            file
                + " does not match the network: "
                + problems
                + "; check that it is of this network, with its width and classes");
  }

  @Test
  void otherNumberOfClasses_isThatOfTheFile() {
    tensors.put("fc.weight", Tensor.of(new long[] {4, 2}, new float[8]));
    tensors.put("fc.bias", Tensor.of(new long[] {4}, new float[4]));
    Servable servable = WeightsFile.read(write("module."), NETWORK);
    assertThat(servable.classNames()).containsExactly("0", "1", "2", "3");
    assertThat(servable.weight("conv.weight")).hasSize(18).containsOnly(1);
  }

  /** As Keras writes. */
  @Test
  void otherZipArchive_isNoPickle() throws Exception {
    Path file = folder.resolve("model.keras");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("metadata.json"));
    }
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> WeightsFile.weights(file, NETWORK))
        .withMessageStartingWith(file + " is not a safetensors file: ")
        .withMessageEndingWith("; check that it is the right file");
  }

  /** The first bytes of what torch.save writes, today and before version 1.6. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "PK\u0003\u0004\u0000\u0000\u0008\u0008\u0000\u0000",
        "PK\u0003\u0004____________________  \n\u0000\u0000\u0000a/data.pkl",
        "\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j"
      })
  void pickle_isRefusedWithTheLinesThatConvertIt(String begin) throws Exception {
    Path file = folder.resolve("resnet18.pth");
    Files.write(file, begin.getBytes(StandardCharsets.ISO_8859_1));
    String lines =
        """
        import torch
        from safetensors.torch import save_file
        weights = torch.load("resnet18.pth", map_location="cpu", weights_only=True)
        keys = ["state_dict", "model_state_dict", "model", "net"]
        weights = next((weights[k] for k in keys if isinstance(weights.get(k), dict)), weights)
        tensors = {k: v.clone(memory_format=torch.contiguous_format) for k, v in weights.items() if torch.is_tensor(v)}
        assert tensors, f"no tensors in {list(weights)}: set weights to the entry that contains them"
        save_file(tensors, "weights.safetensors")
        """;
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> WeightsFile.weights(file, NETWORK))
        .withMessage(
            file
                + " is a pickle, which PyTorch writes (.pth, .pt, .ckpt, .bin) and which can run"
                + " code when it is read; convert it in Python:\n"
                + lines.strip());
    assertThat(Path.of("docs/pretrained.md")).content().contains("```python\n" + lines + "```\n");
  }
}
