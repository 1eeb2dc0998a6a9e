package dev.lamina.report;

import dev.lamina.io.OptionalLibraries;
import dev.lamina.schedule.Schedule;
import dev.lamina.train.History;
import dev.lamina.train.LearningRateFinder;
import java.nio.file.Path;
import java.util.Map;

/** Plots of a run as PNG files. They need the optional library {@code org.knowm.xchart:xchart}. */
public final class Plots {
  private Plots() {}

  /**
   * Writes {@code accuracy.png} and {@code loss.png}: both metrics by epoch.
   *
   * @throws dev.lamina.io.LaminaException if XChart is missing
   */
  public static void writeHistory(History history, Path folder) {
    requireLibrary();
    Charts.writeHistory(history, folder);
  }

  /**
   * Writes {@code learning_rate.png}: the learning rate by step.
   *
   * @throws dev.lamina.io.LaminaException if XChart is missing
   */
  public static void writeSchedule(Schedule schedule, long steps, Path folder) {
    requireLibrary();
    Charts.writeSchedule(schedule, steps, folder);
  }

  /**
   * Writes the curve of a learning-rate range test: the loss of each step and the smoothed loss by
   * the learning rate, and the suggestion.
   *
   * @throws dev.lamina.io.LaminaException if XChart is missing
   */
  public static void writeLearningRates(LearningRateFinder.Curve curve, Path file) {
    requireLibrary();
    Charts.writeLearningRates(curve, file);
  }

  private static void requireLibrary() {
    OptionalLibraries.require(
        "a plot", Map.of("org.knowm.xchart.XYChart", "org.knowm.xchart:xchart"));
  }
}
