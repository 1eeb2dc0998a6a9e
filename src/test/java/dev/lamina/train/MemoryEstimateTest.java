package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.torture.JavaProcess;
import dev.lamina.zoo.ResNetCifar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryEstimateTest {
  private static final Path STATUS = Path.of("/proc/self/status");

  /** Trains two steps, and prints the largest memory of this process. */
  static final class Training {
    private Training() {}

    public static void main(String[] args) throws IOException {
      int batch = Integer.parseInt(args[2]);
      try (Model model = network(Integer.parseInt(args[0]), Integer.parseInt(args[1]))) {
        int size = model.network().height();
        ImageSet set =
            ImageSet.of(
                size,
                size,
                3,
                new byte[2 * batch * size * size * 3],
                new int[2 * batch],
                List.of("a", "b"));
        Trainer.builder()
            .epochs(1)
            .batchSize(batch)
            .precision(Precision.FLOAT32)
            .build()
            .fit(model, set);
      }
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith("VmHWM")) {
          System.out.println("peak " + line.replaceAll("\\D", ""));
        }
      }
    }
  }

  private static Model network(int width, int size) {
    return ResNetCifar.builder().width(width).classes(2).imageSize(size, size).build();
  }

  @ParameterizedTest
  @CsvSource({"16, 32, 64", "8, 96, 40"})
  void peakOfAProcess_isNearTheEstimate(int width, int size, int batch) throws Exception {
    assumeTrue(Files.exists(STATUS), "only Linux tells the largest memory of a process");
    ProcessBuilder builder = JavaProcess.of(Training.class, width, size, batch);
    // Every thread has memory of its own, and a machine may have many processors.
    builder.environment().put("TF_NUM_INTRAOP_THREADS", "2");
    builder.environment().put("TF_NUM_INTEROP_THREADS", "2");
    String said = JavaProcess.run(builder);
    double peak =
        1024
            * said.lines()
                .filter(line -> line.startsWith("peak "))
                .mapToDouble(line -> Double.parseDouble(line.substring(5)))
                .findFirst()
                .orElseThrow();
    try (Model model = network(width, size)) {
      MemoryEstimate estimate = MemoryEstimate.of(model.network(), Precision.FLOAT32);
      assertThat(estimate.bytes(batch) / peak).isBetween(0.75, 1.3);
      // What was seen to fit must not be refused.
      estimate.check(
          model.network(), Recipe.create().batchSize(batch), batch, Device.cpu(), (long) peak);
    }
  }

  @Test
  void whatCannotFit_isRefusedWithWhatDoes() {
    try (Model model = network(64, 224)) {
      Network network = model.network();
      MemoryEstimate estimate = MemoryEstimate.of(network, Precision.FLOAT32);
      long memory = 9_000_000_000L;
      Recipe recipe = Recipe.create().batchSize(64);
      int batch = (int) ((memory - estimate.bytes(0)) / estimate.image());
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> estimate.check(network, recipe, 64, Device.cpu(), memory))
          .withMessageMatching(
              ("batchSize must be one that fits into memory, got 64: training ResNetCifar with 64"
                      + " images of 224 x 224 at once takes about 4\\d\\.\\d GB, the machine has 9\\.0 GB; use"
                      + " accumulate %d, which computes a batch in as many parts, a batch size of at most %d, or"
                      + " images of at most \\d+ x \\d+")
                  .formatted((int) Math.ceil(64.0 / batch), batch));
      // In two parts already, of which each is too large.
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> estimate.check(network, recipe.accumulate(2), 32, Device.cpu(), memory))
          .withMessageMatching(
              ("batchSize must be one that fits into memory, got 64: .* with 32 images of .*; use"
                      + " accumulate %d, .* a batch size of at most %d, .*")
                  .formatted(2 * (int) Math.ceil(32.0 / batch), 2 * batch));
      estimate.check(network, recipe, batch, Device.cpu(), memory);
      assertThat(estimate.bytes(batch)).isLessThanOrEqualTo(memory);
      assertThat(MemoryEstimate.of(network, Precision.BFLOAT16).image())
          .isEqualTo(estimate.image() / 2);
    }
  }
}
