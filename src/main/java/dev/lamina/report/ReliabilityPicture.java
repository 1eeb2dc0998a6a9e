package dev.lamina.report;

import dev.lamina.model.Calibration;
import dev.lamina.report.Canvas.Anchor;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The reliability diagram (Guo et al., arXiv 1706.04599, figure 1): for each bin of confidence the
 * share of images that was recognised, its gap to the mean confidence, and below it the number of
 * images.
 */
final class ReliabilityPicture {
  private static final Color ACCURACY = new Color(0x1f5fa8);
  private static final Color TOO_CONFIDENT = new Color(0xe9a99c);
  private static final Color NOT_CONFIDENT_ENOUGH = new Color(0xe0b050);
  private static final Color COUNT = new Color(0x8a94a6);
  private static final Color GRID = new Color(0xe2e4e8);
  private static final Color TEXT = new Color(0x333333);

  private static final int LEFT = 62;
  private static final int TOP = 76;
  private static final int SIDE = 450;
  private static final int HISTOGRAM = 90;
  private static final int BETWEEN = 26;

  private ReliabilityPicture() {}

  static void write(Calibration calibration, Path file) {
    int bottom = TOP + SIDE + BETWEEN + HISTOGRAM;
    try (Canvas canvas = new Canvas(LEFT + SIDE + 22, bottom + 56)) {
      canvas.title("Reliability diagram", 16, 20, 17);
      canvas.text(
          String.format(
              Locale.ROOT,
              "expected calibration error %.4f (%d bins of confidence)",
              calibration.expectedError(),
              calibration.bins().size()),
          16,
          40,
          12,
          TEXT,
          Anchor.LEFT,
          LEFT + SIDE);
      legend(canvas);
      axes(canvas, bottom);
      bars(canvas, calibration.bins(), bottom);
      Graphics2D pen = canvas.pen();
      pen.setColor(TEXT);
      pen.setStroke(
          new BasicStroke(
              1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 1, new float[] {6}, 0));
      pen.drawLine(LEFT, TOP + SIDE, LEFT + SIDE, TOP);
      canvas.write(file);
    }
  }

  private static void legend(Canvas canvas) {
    legend(canvas, 16, ACCURACY, "accuracy");
    legend(canvas, 110, TOO_CONFIDENT, "too confident by");
    legend(canvas, 260, NOT_CONFIDENT_ENOUGH, "not confident enough by");
  }

  private static void legend(Canvas canvas, int x, Color color, String text) {
    canvas.fill(color, x, 54, 12, 12);
    canvas.text(text, x + 18, 60, 12, TEXT, Anchor.LEFT, SIDE);
  }

  private static void axes(Canvas canvas, int bottom) {
    for (int tick = 0; tick <= 5; tick++) {
      int at = SIDE * tick / 5;
      String label = String.format(Locale.ROOT, "%.1f", tick / 5.0);
      canvas.fill(GRID, LEFT, TOP + SIDE - at, SIDE, 1);
      canvas.fill(GRID, LEFT + at, TOP, 1, SIDE);
      canvas.text(label, LEFT - 8, TOP + SIDE - at, 12, TEXT, Anchor.RIGHT, LEFT);
      canvas.text(label, LEFT + at, bottom + 16, 12, TEXT, Anchor.CENTER, LEFT);
    }
    canvas.text("confidence", LEFT + SIDE / 2, bottom + 38, 13, TEXT, Anchor.CENTER, SIDE);
    canvas.upwards("accuracy", 18, TOP + SIDE / 2, 13, TEXT, Anchor.CENTER, SIDE);
    canvas.upwards("images", 18, bottom - HISTOGRAM / 2, 13, TEXT, Anchor.CENTER, HISTOGRAM);
  }

  private static void bars(Canvas canvas, List<Calibration.Bin> bins, int bottom) {
    long most = bins.stream().mapToLong(Calibration.Bin::count).max().orElse(1);
    canvas.text(
        Long.toString(most), LEFT - 8, bottom - HISTOGRAM + 6, 12, TEXT, Anchor.RIGHT, LEFT - 26);
    for (int i = 0; i < bins.size(); i++) {
      Calibration.Bin bin = bins.get(i);
      if (bin.count() == 0) {
        continue;
      }
      int x = LEFT + i * SIDE / bins.size() + 1;
      int width = LEFT + (i + 1) * SIDE / bins.size() - x - 1;
      int accuracy = (int) Math.round(SIDE * bin.accuracy());
      int confidence = (int) Math.round(SIDE * bin.confidence());
      canvas.fill(ACCURACY, x, TOP + SIDE - accuracy, width, accuracy);
      if (accuracy < confidence) {
        canvas.fill(TOO_CONFIDENT, x, TOP + SIDE - confidence, width, confidence - accuracy);
      } else {
        // On the bar of the accuracy, whose sides stay to be seen.
        canvas.fill(
            NOT_CONFIDENT_ENOUGH,
            x + width / 4,
            TOP + SIDE - accuracy,
            width / 2,
            accuracy - confidence);
      }
      int count = (int) Math.max(1, HISTOGRAM * bin.count() / most);
      canvas.fill(COUNT, x, bottom - count, width, count);
    }
    canvas.fill(TEXT, LEFT, bottom, SIDE, 1);
    canvas.fill(TEXT, LEFT, TOP + SIDE, SIDE, 1);
  }
}
