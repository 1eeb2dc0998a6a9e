package dev.lamina.report;

import dev.lamina.io.AtomicFiles;
import dev.lamina.io.Messages;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A white picture to draw on. Text is left out, with one warning, on machines without fonts, on
 * which AWT throws an Error.
 */
final class Canvas implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Canvas.class);

  /** Where a text stands in relation to its point. */
  enum Anchor {
    LEFT,
    CENTER,
    RIGHT
  }

  private final BufferedImage image;
  private final Graphics2D pen;
  private boolean fonts = true;

  Canvas(int width, int height) {
    image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    pen = image.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    pen.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    fill(Color.WHITE, 0, 0, width, height);
  }

  /** Returns the pen, for what this class does not draw. */
  Graphics2D pen() {
    return pen;
  }

  void fill(Color color, int x, int y, int width, int height) {
    pen.setColor(color);
    pen.fillRect(x, y, width, height);
  }

  /** Draws text of one line, vertically centred on y; cut with "…" if it is wider than allowed. */
  void text(String text, int x, int y, int size, Color color, Anchor anchor, int width) {
    text(text, x, y, new Style(Font.PLAIN, size, color, anchor, width, false));
  }

  /** Draws text in bold. */
  void title(String text, int x, int y, int size) {
    text(text, x, y, new Style(Font.BOLD, size, Color.BLACK, Anchor.LEFT, image.getWidth(), false));
  }

  /** Draws text that is turned to run upwards, horizontally centred on x. */
  void upwards(String text, int x, int y, int size, Color color, Anchor anchor, int height) {
    text(text, x, y, new Style(Font.PLAIN, size, color, anchor, height, true));
  }

  private record Style(int font, int size, Color color, Anchor anchor, int room, boolean upwards) {}

  private void text(String text, int x, int y, Style style) {
    if (!fonts) {
      return;
    }
    AffineTransform before = pen.getTransform();
    try {
      pen.setColor(style.color);
      pen.setFont(new Font(Font.SANS_SERIF, style.font, style.size));
      String line = cut(Messages.singleLine(text), style.room);
      int width = pen.getFontMetrics().stringWidth(line);
      int shift =
          switch (style.anchor) {
            case LEFT -> 0;
            case CENTER -> -width / 2;
            case RIGHT -> -width;
          };
      pen.translate(x, y);
      if (style.upwards) {
        pen.rotate(-Math.PI / 2);
      }
      pen.drawString(line, shift, (int) (style.size * 0.36));
    } catch (RuntimeException | Error e) {
      fonts = false;
      LOG.warn(
          "no text is drawn, since the machine's fonts cannot be used ({}); install fonts",
          Messages.singleLine(e));
    } finally {
      pen.setTransform(before);
    }
  }

  private String cut(String text, int room) {
    String shown = text;
    for (int end = text.length(); pen.getFontMetrics().stringWidth(shown) > room && end > 0; ) {
      end = text.offsetByCodePoints(end, -1);
      shown = text.substring(0, end) + "…";
    }
    return shown;
  }

  BufferedImage image() {
    return image;
  }

  /** Writes the picture as a PNG file. */
  void write(Path file) {
    AtomicFiles.write(file, png(image));
  }

  /** Returns a picture as a PNG file. */
  static byte[] png(BufferedImage image) {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", png);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return png.toByteArray();
  }

  @Override
  public void close() {
    pen.dispose();
  }
}
