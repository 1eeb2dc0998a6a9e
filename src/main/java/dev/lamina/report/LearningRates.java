package dev.lamina.report;

import dev.lamina.io.AtomicFiles;
import dev.lamina.train.LearningRateFinder.Curve;
import dev.lamina.train.LearningRateFinder.Point;
import java.nio.file.Path;

/** The curve of a learning-rate range test as a CSV file, one row a step. */
public final class LearningRates {
  private LearningRates() {}

  /** Writes the file, with full precision, replacing an existing one atomically. */
  public static void write(Curve curve, Path file) {
    StringBuilder text = new StringBuilder("learning_rate,loss,smoothed_loss\n");
    for (Point point : curve.points()) {
      text.append(point.learningRate())
          .append(',')
          .append(point.loss())
          .append(',')
          .append(point.smoothed())
          .append('\n');
    }
    AtomicFiles.writeString(file, text.toString());
  }
}
