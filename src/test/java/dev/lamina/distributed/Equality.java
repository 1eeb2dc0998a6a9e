package dev.lamina.distributed;

import dev.lamina.distributed.WorkerProcess.Norms;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** How far several workers end from one process, after 20 steps with batches of 32 in float32. */
public final class Equality {
  private static final double TOLERANCE = 1e-5;

  private Equality() {}

  /**
   * Prints the largest difference of a weight for each network, beside what rounding alone makes of
   * one process: the largest of ten whose shares have their images in another order and whose
   * initial weights differ in the last bit.
   *
   * @param folder an empty folder
   * @throws IllegalStateException if a difference is too large
   */
  public static void print(Path folder, PrintStream out) throws IOException, InterruptedException {
    for (Norms norms : Norms.values()) {
      double rounding = rounding(norms);
      for (int size : List.of(2, 4)) {
        Path weights = Files.createDirectories(folder.resolve(Integer.toString(size)));
        List<String> said = WorkerProcess.start(size, weights, norms);
        if (!Files.exists(weights.resolve(norms + ".safetensors"))) {
          throw new IllegalStateException(said.toString());
        }
        Weights expected = Shards.train(norms, WorkerProcess.isOfShares(norms) ? size : 1);
        double difference = Shards.difference(read(weights, norms), expected);
        out.printf(
            Locale.ROOT,
            "{\"equality\":\"%s\",\"workers\":%d,\"share\":%d,\"difference\":%.1e,\"rounding\":%.1e}%n",
            norms,
            size,
            WorkerProcess.BATCH / size,
            difference,
            rounding);
        // Where rounding changes which side of zero a value is on, a gradient jumps in one process
        // too.
        if (!(difference < Math.max(TOLERANCE, 2 * rounding))) {
          throw new IllegalStateException("too large: " + difference);
        }
      }
    }
  }

  /**
   * Returns whether a worker that is much slower than the other is warned of by its rank.
   *
   * @param folder an empty folder
   */
  public static boolean namesSlowWorker(Path folder) throws IOException, InterruptedException {
    return WorkerProcess.start(2, folder, WorkerProcess.SLOW).get(0).contains("worker 1 is slow: ");
  }

  private static Weights read(Path folder, Norms norms) {
    try (Model model = Model.of(WorkerProcess.network(norms))) {
      model.loadWeights(folder.resolve(norms + ".safetensors"));
      return model.weights();
    }
  }

  private static double rounding(Norms norms) {
    int shares = WorkerProcess.isOfShares(norms) ? 2 : 1;
    Weights usual = Shards.train(norms, shares);
    double largest = 0;
    for (int seed = 1; seed <= 10; seed++) {
      Weights other = Shards.train(norms, shares, seed);
      largest = Math.max(largest, Shards.difference(usual, other));
    }
    return largest;
  }
}
