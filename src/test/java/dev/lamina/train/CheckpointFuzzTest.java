package dev.lamina.train;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.Fuzz;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.io.LaminaException;
import dev.lamina.step.EpochSums;
import dev.lamina.step.Metrics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class CheckpointFuzzTest {
  /** Two weights and the checksum. */
  private static final int DATA = 8 + 32;

  private static byte[] valid(Path file) throws IOException {
    History history =
        new History(
            List.of(
                new Epoch(
                    1,
                    4,
                    Metrics.of(40, 2.5, 0.5),
                    Optional.of(Metrics.of(40, 2.25, 0.5)),
                    0.1,
                    0.9,
                    1.5),
                new Epoch(2, 8, Metrics.of(40, 1.5, 0.75), Optional.empty(), 0.1, 0.9, 1.5)));
    new Checkpoint(
            CheckpointFile.VERSION,
            new Checkpoint.Progress(
                9, new EpochSums(10, 12.5, Map.of("accuracy", 7.0)), 0.25, history, 0.5, Map.of()),
            Map.of("epochs", "3"),
            Map.of("weight", Tensor.of(new long[] {1, 2}, new float[] {1, -2})),
            Map.of())
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
          {"'step':9", "'step':-9", "step must not be negative, got -9"},
          {"'epochs':'3'", "'epochs':null", "epochs must be text, got null"},
          {"'sums':{", "'sums':null,'before':{", "weight must be a number, got "},
          {"'epochs':[", "'epochs':[null,", "images must be an integer, got "},
          {"'seconds':0.25", "'seconds':'x'", "seconds must be a number, got \"x\""},
        }) {
      String from = change[0].replace("'", "\\\"");
      String to = change[1].replace("'", "\\\"");
      assertThat(whole).contains(from);
      Files.write(file, repair(whole.replace(from, to).getBytes(ISO_8859_1)));
      assertThatExceptionOfType(LaminaException.class)
          .as(to)
          .isThrownBy(() -> Checkpoint.read(file))
          .withMessage(file + " is damaged: " + change[2] + "; use another checkpoint");
    }
  }

  /** Names, types, shapes and bits of the tensors, to compare. */
  private static Map<String, String> contents(Checkpoint checkpoint) {
    Map<String, String> contents = new TreeMap<>();
    checkpoint
        .tensors()
        .forEach(
            (name, tensor) ->
                contents.put(
                    name,
                    tensor.dtype()
                        + Arrays.toString(tensor.shape())
                        + ISO_8859_1.decode(tensor.data())));
    return contents;
  }

  @Test
  void checkpoint() throws Exception {
    Path folder = Fuzz.folder();
    Path file = folder.resolve("step-00000009.safetensors");
    Path again = folder.resolve("again.safetensors");
    try {
      stateThatNoRunCanHave_isRefused(file);
      Fuzz.of(
              "checkpoint",
              List.of(valid(file)),
              (input, kind) -> {
                Files.write(file, input);
                Checkpoint checkpoint = Checkpoint.read(file);
                assertThat(checkpoint.step()).isNotNegative();
                // What was read is written and read as the same.
                checkpoint.write(again);
                Checkpoint copy = Checkpoint.read(again);
                assertThat(copy.progress()).isEqualTo(checkpoint.progress());
                assertThat(copy.configuration()).isEqualTo(checkpoint.configuration());
                assertThat(contents(copy)).isEqualTo(contents(checkpoint));
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
          .memory(1 << 17, 200)
          .run(3000);
    } finally {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
