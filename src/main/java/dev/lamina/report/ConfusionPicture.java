package dev.lamina.report;

import dev.lamina.io.AtomicFiles;
import dev.lamina.io.DisplayWidth;
import dev.lamina.model.Evaluation;
import dev.lamina.report.Canvas.Anchor;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;

/**
 * The confusion matrix as a picture: a row for each true class, a column for each predicted one.
 * The colour is the share of the row, blue where the class is right and red where it is wrong.
 * Cells hold their counts if there is room.
 */
final class ConfusionPicture {
  private static final Color RIGHT = new Color(0x1f5fa8);
  private static final Color WRONG = new Color(0xc7361b);
  private static final Color EMPTY = new Color(0xf4f4f6);
  private static final Color TEXT = new Color(0x333333);

  /** The whole matrix is about as large for any number of classes. */
  private static final int SIZE = 900;

  private static final int MAX_CELL = 56;

  /** Names of more classes could not be read. */
  private static final int MAX_NAMED_CLASSES = 100;

  private static final int MIN_NAMED_CELL = 10;

  /** The smallest cell in which counts can be read. */
  private static final int CELL_WITH_COUNT = 26;

  /** The most room for the names, and what a column of text takes of it. */
  private static final int NAMES = 160;

  private static final int COLUMN = 8;

  /** For the title. */
  private static final int MIN_WIDTH = 440;

  private static final int TITLE = 56;
  private static final int MARGIN = 16;

  private ConfusionPicture() {}

  static void write(Evaluation evaluation, Path file) {
    AtomicFiles.write(file, Canvas.png(draw(evaluation)));
  }

  static BufferedImage draw(Evaluation evaluation) {
    List<String> names = evaluation.classNames();
    int classes = names.size();
    boolean named = classes <= MAX_NAMED_CLASSES;
    int cell = Math.max(named ? MIN_NAMED_CELL : 1, Math.min(MAX_CELL, SIZE / classes));
    int side = cell * classes;
    int longest = names.stream().mapToInt(DisplayWidth::of).max().orElse(0);
    int room = named ? Math.min(NAMES, 2 * COLUMN + longest * COLUMN) : 0;
    int left = MARGIN + room;
    int width = Math.max(left + side + MARGIN, MIN_WIDTH);
    try (Canvas canvas = new Canvas(width, TITLE + side + room + MARGIN)) {
      canvas.title("Confusion matrix", MARGIN, 20, 17);
      canvas.text(
          "rows: true class, columns: predicted class; colour: share of the row",
          MARGIN,
          40,
          12,
          TEXT,
          Anchor.LEFT,
          width - 2 * MARGIN);
      int font = Math.min(13, Math.max(9, cell - 2));
      for (int i = 0; i < classes; i++) {
        int middle = i * cell + cell / 2;
        String name = named ? names.get(i) : "";
        canvas.text(name, left - 6, TITLE + middle, font, TEXT, Anchor.RIGHT, room);
        canvas.upwards(name, left + middle, TITLE + side + 6, font, TEXT, Anchor.RIGHT, room);
        for (int j = 0; j < classes; j++) {
          drawCell(canvas, evaluation, i, j, cell, left + j * cell, TITLE + i * cell);
        }
      }
      return canvas.image();
    }
  }

  private static void drawCell(
      Canvas canvas, Evaluation evaluation, int label, int predicted, int cell, int x, int y) {
    long count = evaluation.confusion(label, predicted);
    // The root, so that a few per cent can be seen.
    double strength =
        count == 0 ? 0 : Math.sqrt((double) count / evaluation.scores(label).support());
    Color color = count == 0 ? EMPTY : mix(label == predicted ? RIGHT : WRONG, strength);
    int gap = cell > 20 ? 1 : 0;
    canvas.fill(color, x, y, cell - gap, cell - gap);
    if (count > 0 && cell >= CELL_WITH_COUNT) {
      int font = Math.min(13, 3 * cell / (2 * Math.max(3, Long.toString(count).length())));
      canvas.text(
          Long.toString(count),
          x + cell / 2,
          y + cell / 2,
          font,
          strength > 0.55 ? Color.WHITE : TEXT,
          Anchor.CENTER,
          cell);
    }
  }

  /** Mixes a colour with the one of an empty cell. */
  private static Color mix(Color color, double strength) {
    double share = 0.12 + 0.88 * strength;
    return new Color(
        mix(EMPTY.getRed(), color.getRed(), share),
        mix(EMPTY.getGreen(), color.getGreen(), share),
        mix(EMPTY.getBlue(), color.getBlue(), share));
  }

  private static int mix(int from, int to, double share) {
    return (int) Math.round(from + (to - from) * share);
  }
}
