package dev.lamina.train;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.Fuzz;
import dev.lamina.export.FormatException;
import dev.lamina.export.Safetensors.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CheckpointFuzzTest {
  /** Two weights and the checksum. */
  private static final int DATA = 8 + 32;

  private static byte[] valid(Path file) throws IOException {
    History history =
        new History(
            List.of(
                new Epoch(1, 4, 2.5, 0.5, Optional.of(new Metrics(40, 2.25, 0.5)), 0.1, 0.9, 1.5),
                new Epoch(2, 8, 1.5, 0.75, Optional.empty(), 0.1, 0.9, 1.5)));
    new Checkpoint(
            new Checkpoint.Progress(9, new MetricSums.Sums(10, 12.5, 7), 0.25, history),
            Map.of("epochs", "3"),
            Map.of("weight", Tensor.of(new long[] {1, 2}, new float[] {1, -2})))
        .write(file);
    return Files.readAllBytes(file);
  }

  /** The header's length and the checksum. */
  private static byte[] repair(byte[] bytes) {
    if (bytes.length >= 8 + DATA) {
      ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      file.putLong(0, bytes.length - 8 - DATA);
      int end = bytes.length - 32;
      file.put(end, Hashing.sha256().hashBytes(bytes, 0, end).asBytes());
    }
    return bytes;
  }

  /** JSON in JSON, so that its quotation marks are escaped. */
  private static void stateThatNoRunCanHave_isRefused(Path file) throws IOException {
    String whole = new String(valid(file), ISO_8859_1);
    for (String[] change :
        new String[][] {
          {"'step':9", "'step':-9"},
          {"'epochs':'3'", "'epochs':null"},
          {"'sums':{", "'sums':null,'before':{"},
          {"'epochs':[", "'epochs':[null,"},
        }) {
      String from = change[0].replace("'", "\\\"");
      String to = change[1].replace("'", "\\\"");
      assertThat(whole).contains(from);
      Files.write(file, repair(whole.replace(from, to).getBytes(ISO_8859_1)));
      assertThatExceptionOfType(FormatException.class)
          .as(to)
          .isThrownBy(() -> Checkpoint.read(file))
          .withMessage(file + " is damaged: it has no state; use another checkpoint");
    }
  }

  @Test
  void checkpoint() throws Exception {
    Path folder = Fuzz.folder();
    Path file = folder.resolve("step-00000009.safetensors");
    try {
      stateThatNoRunCanHave_isRefused(file);
      Fuzz.of(
              "checkpoint",
              List.of(valid(file)),
              (input, kind) -> {
                Files.write(file, input);
                Checkpoint checkpoint = Checkpoint.read(file);
                // Nothing in it is null, at any depth.
                assertThat(checkpoint.step()).isNotNegative();
                assertThat(checkpoint.progress().sums()).isNotNull();
                assertThat(checkpoint.configuration()).doesNotContainValue(null);
                assertThat(checkpoint.history().epochs()).doesNotContainNull();
                assertThat(checkpoint.tensors()).doesNotContainValue(null);
              })
          .file(file)
          .words(
              "-",
              "9",
              "99999999999999999999",
              "1e999999999",
              "null",
              "{",
              "}",
              "[[[[",
              "\\\"",
              "\"",
              ",",
              "NaN",
              "\\n",
              "\n",
              "\\u2028",
              "1",
              "2",
              "state",
              "sha256",
              "U8",
              "I64")
          .repair(CheckpointFuzzTest::repair)
          .run(3000);
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
