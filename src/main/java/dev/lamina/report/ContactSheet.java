package dev.lamina.report;

import dev.lamina.data.ImageSet;
import dev.lamina.io.AtomicFiles;
import java.awt.Color;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;

/**
 * A contact sheet as a PNG file: one row per image of the first set, labelled with its class, and
 * one column per set, so that an original is shown beside its augmented versions.
 */
public final class ContactSheet {
  private static final int SCALE = 2;

  /** The longest side of an image on the sheet. */
  private static final int MAX_SIDE = 160;

  private static final int GAP = 4;
  private static final int LABEL = 110;
  private static final int FONT = 13;

  private ContactSheet() {}

  /** Writes the sheet. All sets must have the same number of images. */
  public static void write(List<ImageSet> columns, Path file) {
    AtomicFiles.write(file, Canvas.png(draw(columns)));
  }

  static BufferedImage draw(List<ImageSet> columns) {
    ImageSet first = columns.get(0);
    double scale = Math.min(SCALE, (double) MAX_SIDE / Math.max(first.width(), first.height()));
    int width = (int) Math.max(1, first.width() * scale);
    int height = (int) Math.max(1, first.height() * scale);
    int cellWidth = width + GAP;
    int cellHeight = height + GAP;
    try (Canvas canvas =
        new Canvas(LABEL + columns.size() * cellWidth, GAP + first.size() * cellHeight)) {
      if (scale < SCALE) {
        canvas
            .pen()
            .setRenderingHint(
                RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      }
      for (int row = 0; row < first.size(); row++) {
        int y = GAP + row * cellHeight;
        String label = first.classNames().get(first.label(row));
        int middle = y + height / 2;
        canvas.text(label, GAP, middle, FONT, Color.BLACK, Canvas.Anchor.LEFT, LABEL - 2 * GAP);
        for (int column = 0; column < columns.size(); column++) {
          canvas
              .pen()
              .drawImage(
                  columns.get(column).toBufferedImage(row),
                  LABEL + column * cellWidth,
                  y,
                  width,
                  height,
                  null);
        }
      }
      return canvas.image();
    }
  }
}
