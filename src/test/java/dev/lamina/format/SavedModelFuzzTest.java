package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.Fuzz;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Residual;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code Model.load} reads of an export. */
class SavedModelFuzzTest {
  private Path folder = Path.of("");

  @BeforeEach
  void export() throws IOException {
    folder = Fuzz.folder();
    Network network =
        Network.input(5, 7, 3)
            .then(
                Normalize.of(new double[] {0.5, 0.25, 0.5}, new double[] {0.25, 0.5, 0.25}),
                Conv2d.of(2, 3).stride(2),
                BatchNorm.create(),
                Activation.RELU,
                Residual.of(Conv2d.of(2, 3)),
                MaxPool.of(2))
            .then(GlobalAveragePool.create(), Dense.of(2));
    try (Model model = Model.of(network, 1)) {
      model.classNames(List.of("a", "b"));
      model.export(folder.resolve("1"));
    }
  }

  @AfterEach
  void delete() throws IOException {
    MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  private Fuzz fuzz(String name, String path) throws IOException {
    Path export = folder.resolve("1");
    Path file = export.resolve(path);
    return Fuzz.of(
            name,
            List.of(Files.readAllBytes(file)),
            (input, kind) -> {
              Files.write(file, input);
              assertThat(SavedModelReader.read(export).classNames()).hasSize(2);
            })
        .file(export);
  }

  @Test
  void description() throws Exception {
    fuzz("export, description", "assets.extra/lamina.json")
        .words(
            "-",
            "9",
            "2147483647",
            "99999999999999999999",
            "1e999999999",
            "null",
            "{",
            "}",
            "]",
            "[[[[",
            "\"",
            ",",
            "true",
            "NaN",
            "[]",
            "\\n",
            "\n",
            "\\u2028",
            "kind",
            "Sequential",
            "Residual",
            "Dense",
            "Lambda",
            "filters",
            "kernel",
            "groups",
            "units",
            "name",
            "a/b")
        .memory(1 << 17, 200)
        .run(3000);
  }

  @Test
  void weights() throws Exception {
    // The memory is mostly the buffers that the checksum is read through.
    fuzz("export, weights", "assets.extra/weights.safetensors").memory(1 << 19, 8).run(3000);
  }
}
