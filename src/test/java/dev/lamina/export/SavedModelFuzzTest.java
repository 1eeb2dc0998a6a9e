package dev.lamina.export;

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
import dev.lamina.model.Network;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
  void index() throws Exception {
    byte[] whole = Files.readAllBytes(folder.resolve("1/variables/variables.index"));
    byte[] damaged = whole.clone();
    Arrays.fill(damaged, whole.length - 52, whole.length - 48, (byte) 0);
    assertThat(mendIndex(damaged)).isEqualTo(whole);
    fuzz("export, index of weights", "variables/variables.index")
        .words("float", "weight", ".ATTRIBUTES", "\b\1", "\0")
        .repair(SavedModelFuzzTest::mendIndex)
        .memory(1 << 17, 8)
        .run(3000);
  }

  /**
   * Mends the checksums of the three blocks of a small index: entries, meta index, index of blocks.
   * Places and lengths of the last two stand in the last 48 bytes.
   */
  private static byte[] mendIndex(byte[] bytes) {
    if (bytes.length > 48) {
      ByteBuffer footer = ByteBuffer.wrap(bytes, bytes.length - 48, 48);
      long meta = varint(footer);
      long metaLength = varint(footer);
      mendBlock(bytes, 0, meta - 5);
      mendBlock(bytes, meta, metaLength);
      mendBlock(bytes, varint(footer), varint(footer));
    }
    return bytes;
  }

  private static long varint(ByteBuffer buffer) {
    long value = 0;
    for (int shift = 0; buffer.hasRemaining(); shift += 7) {
      byte next = buffer.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        break;
      }
    }
    return value;
  }

  private static void mendBlock(byte[] bytes, long at, long length) {
    if (at >= 0 && length >= 0 && at < bytes.length && length <= bytes.length - at - 5) {
      Tables.mend(bytes, (int) at, (int) length);
    }
  }

  @Test
  void weights() throws Exception {
    fuzz("export, weights", "variables/variables.data-00000-of-00001").memory(1 << 17, 8).run(3000);
  }
}
