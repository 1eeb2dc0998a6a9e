package dev.lamina.torture;

import dev.lamina.graph.Precision;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/** Trains the flagship in two processes at once, and compares their weights as they go. */
final class Determinism {
  /**
   * What is trained.
   *
   * @param width the width of the flagship
   * @param batch the images of a step
   */
  record Recipe(int width, int batch, Precision precision) {
    @Override
    public String toString() {
      return "width %d, batch %d, %s".formatted(width, batch, precision);
    }
  }

  /** The last two are wide enough for many of Winograd's convolutions. */
  private static final List<Recipe> RECIPES =
      List.of(
          new Recipe(16, 64, Precision.FLOAT32),
          new Recipe(16, 16, Precision.BFLOAT16),
          new Recipe(64, 16, Precision.FLOAT32),
          new Recipe(64, 16, Precision.BFLOAT16));

  private Determinism() {}

  static String run(Limit limit, Path scratch) throws Exception {
    List<String> figures = new ArrayList<>();
    for (Recipe recipe : RECIPES) {
      long steps = identicalSteps(recipe, limit.share(RECIPES.size()).start());
      figures.add("%d identical steps (%s)".formatted(steps, recipe));
      System.out.println("determinism: " + figures.get(figures.size() - 1));
    }
    return String.join(", ", figures);
  }

  /**
   * Trains until it is enough.
   *
   * @return the steps after which both processes had the same weights
   * @throws IllegalStateException if the weights differ, or those of another seed do not
   */
  static long identicalSteps(Recipe recipe, LongPredicate enough) throws IOException {
    String other;
    try (Trained third = new Trained(recipe, 2)) {
      other = third.next();
    }
    long steps = 0;
    try (Trained first = new Trained(recipe, 1);
        Trained second = new Trained(recipe, 1)) {
      do {
        String weights = first.next();
        steps += DeterminismProcess.STEPS;
        if (!weights.equals(second.next())) {
          throw new IllegalStateException(recipe + ": different after step " + steps);
        }
        if (weights.equals(other)) {
          throw new IllegalStateException(recipe + ": another seed makes no difference");
        }
      } while (!enough.test(steps));
    }
    return steps;
  }

  /** A process that trains until it is closed. */
  private static final class Trained implements AutoCloseable {
    private final Process process;
    private final BufferedReader reader;

    Trained(Recipe recipe, long seed) throws IOException {
      process =
          JavaProcess.of(
                  DeterminismProcess.class,
                  recipe.width(),
                  recipe.batch(),
                  recipe.precision(),
                  seed)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      reader = process.inputReader(StandardCharsets.UTF_8);
    }

    /** What the weights are after some more steps, as a hash. */
    String next() throws IOException {
      String line = reader.readLine();
      if (line == null) {
        throw new IllegalStateException("training ended");
      }
      return line;
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
