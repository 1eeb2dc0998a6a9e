package dev.lamina.report;

import dev.lamina.data.ImageSet;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.Messages;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A contact sheet as a PNG file: one row per image of the first set, labelled with its class, and
 * one column per set, so that an original is shown beside its augmented versions.
 */
public final class ContactSheet {
  private static final Logger LOG = LoggerFactory.getLogger(ContactSheet.class);
  private static final int SCALE = 2;
  private static final int GAP = 4;
  private static final int LABEL = 110;

  private ContactSheet() {}

  /** Writes the sheet. All sets must have the same number of images. */
  public static void write(List<ImageSet> columns, Path file) {
    BufferedImage sheet = draw(columns);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      ImageIO.write(sheet, "png", png);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    AtomicFiles.write(file, png.toByteArray());
  }

  private static BufferedImage draw(List<ImageSet> columns) {
    ImageSet first = columns.get(0);
    int cellWidth = first.width() * SCALE + GAP;
    int cellHeight = first.height() * SCALE + GAP;
    BufferedImage sheet =
        new BufferedImage(
            LABEL + columns.size() * cellWidth,
            GAP + first.size() * cellHeight,
            BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = sheet.createGraphics();
    try {
      pen.setColor(Color.WHITE);
      pen.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
      pen.setColor(Color.BLACK);
      pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
      pen.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      boolean labelled = true;
      for (int row = 0; row < first.size(); row++) {
        int y = GAP + row * cellHeight;
        String label = first.classNames().get(first.label(row));
        labelled = labelled && drawText(pen, label, y + first.height() * SCALE / 2 + 5);
        for (int column = 0; column < columns.size(); column++) {
          pen.drawImage(
              columns.get(column).toBufferedImage(row),
              LABEL + column * cellWidth,
              y,
              first.width() * SCALE,
              first.height() * SCALE,
              null);
        }
      }
    } finally {
      pen.dispose();
    }
    return sheet;
  }

  /** Draws text; returns false on machines without fonts, on which AWT throws an Error. */
  private static boolean drawText(Graphics2D pen, String text, int y) {
    try {
      pen.drawString(text, GAP, y);
      return true;
    } catch (RuntimeException | Error e) {
      LOG.warn(
          "no names of classes are drawn, since the machine's fonts cannot be used ({}); install fonts",
          Messages.singleLine(e));
      return false;
    }
  }
}
