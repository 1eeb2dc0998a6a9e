package dev.lamina.report;

import dev.lamina.data.ImageSet;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Mistake;
import dev.lamina.report.Canvas.Anchor;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The most confident mistakes as a sheet of images with their true and their predicted class. */
final class MistakeSheet {
  private static final Color WRONG = new Color(0xb3261e);
  private static final int COLUMNS = 5;
  private static final int CELL = 132;
  private static final int CAPTION = 40;
  private static final int GAP = 14;
  private static final int TITLE = 52;
  private static final int FONT = 12;

  private MistakeSheet() {}

  static void write(Evaluation evaluation, ImageSet set, Path file) {
    List<Mistake> mistakes = evaluation.mistakes();
    int rows = (mistakes.size() + COLUMNS - 1) / COLUMNS;
    int width = GAP + COLUMNS * (CELL + GAP);
    int height = Math.max(1, Math.min(2 * CELL, CELL * set.height() / set.width()));
    try (Canvas canvas = new Canvas(width, TITLE + rows * (height + CAPTION + GAP) + GAP)) {
      canvas.title("Most confident mistakes", GAP, 18, 17);
      String note =
          mistakes.isEmpty()
              ? "there are none: all images were recognised"
              : "true class, and in red the predicted class with its probability";
      canvas.text(note, GAP, 38, FONT, Color.DARK_GRAY, Anchor.LEFT, width - 2 * GAP);
      for (int i = 0; i < mistakes.size(); i++) {
        int x = GAP + i % COLUMNS * (CELL + GAP);
        int y = TITLE + i / COLUMNS * (height + CAPTION + GAP);
        draw(canvas, set, mistakes.get(i), x, y, height);
        caption(canvas, evaluation.classNames(), mistakes.get(i), x, y + height);
      }
      canvas.write(file);
    }
  }

  private static void draw(Canvas canvas, ImageSet set, Mistake mistake, int x, int y, int height) {
    Graphics2D pen = canvas.pen();
    int width = Math.max(1, Math.min(CELL, height * set.width() / set.height()));
    // The pixels of small images stay visible.
    pen.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION,
        width >= 2 * set.width()
            ? RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR
            : RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    pen.drawImage(
        set.toBufferedImage(mistake.index()), x + (CELL - width) / 2, y, width, height, null);
  }

  private static void caption(Canvas canvas, List<String> names, Mistake mistake, int x, int y) {
    String label = names.get(mistake.label());
    String predicted = names.get(mistake.predicted());
    String probability = String.format(Locale.ROOT, "%.1f %%", 100 * mistake.probability());
    canvas.text(label, x, y + 12, FONT, Color.BLACK, Anchor.LEFT, CELL);
    canvas.text(predicted, x, y + 29, FONT, WRONG, Anchor.LEFT, CELL - 48);
    canvas.text(probability, x + CELL, y + 29, FONT, WRONG, Anchor.RIGHT, CELL);
  }
}
