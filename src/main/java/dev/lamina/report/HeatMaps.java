package dev.lamina.report;

import dev.lamina.model.GradCam;
import dev.lamina.model.HeatMap;
import dev.lamina.report.Canvas.Anchor;
import java.awt.Color;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Locale;

/** Heat maps as PNG files: the image, and beside it the image under the heat map. */
public final class HeatMaps {
  /** From what does not count to what counts most. */
  private static final Color[] RAMP = {
    new Color(0x30123b), new Color(0x4686fb), new Color(0x1ae4b6),
    new Color(0xa4fc3c), new Color(0xfb7e21), new Color(0xcb2a04)
  };

  /** The length of the longer side of a picture. */
  private static final int SIDE = 320;

  private static final int GAP = 12;
  private static final int CAPTION = 34;
  private static final double OPACITY = 0.55;

  private HeatMaps() {}

  /**
   * Writes the picture of an explanation, with the predicted class and its probability above it.
   *
   * @throws dev.lamina.io.LaminaException if the file cannot be written
   */
  public static void write(GradCam.Explanation explanation, Path file) {
    BufferedImage image = explanation.image();
    double scale = (double) SIDE / Math.max(image.getWidth(), image.getHeight());
    int width = (int) Math.max(1, image.getWidth() * scale);
    int height = (int) Math.max(1, image.getHeight() * scale);
    try (Canvas canvas = new Canvas(3 * GAP + 2 * width, CAPTION + height + GAP)) {
      String caption =
          String.format(
              Locale.ROOT,
              "%s  %.1f %%",
              explanation.predicted().label(),
              100 * explanation.predicted().probability());
      canvas.text(caption, GAP, CAPTION / 2, 15, Color.BLACK, Anchor.LEFT, 2 * width);
      canvas
          .pen()
          .setRenderingHint(
              RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      canvas.pen().drawImage(image, GAP, CAPTION, width, height, null);
      canvas.pen().drawImage(image, 2 * GAP + width, CAPTION, width, height, null);
      canvas
          .pen()
          .drawImage(overlay(explanation.map(), width, height), 2 * GAP + width, CAPTION, null);
      canvas.write(file);
    }
  }

  /** Enlarges a heat map, linearly between the centres of its places. */
  private static BufferedImage overlay(HeatMap map, int width, int height) {
    BufferedImage overlay = new BufferedImage(width, height, BufferedImage.TYPE_INT_ARGB);
    double max = map.max() > 0 ? map.max() : 1;
    for (int y = 0; y < height; y++) {
      double row = place(y, height, map.height());
      for (int x = 0; x < width; x++) {
        double value = sample(map, row, place(x, width, map.width())) / max;
        overlay.setRGB(x, y, (int) Math.round(255 * OPACITY) << 24 | ramp(value));
      }
    }
    return overlay;
  }

  private static double place(int pixel, int pixels, int places) {
    return Math.max(0, Math.min(places - 1.0, (pixel + 0.5) * places / pixels - 0.5));
  }

  private static double sample(HeatMap map, double row, double column) {
    int top = (int) row;
    int left = (int) column;
    int bottom = Math.min(top + 1, map.height() - 1);
    int right = Math.min(left + 1, map.width() - 1);
    double across = column - left;
    double above = map.get(top, left) + across * (map.get(top, right) - map.get(top, left));
    double below =
        map.get(bottom, left) + across * (map.get(bottom, right) - map.get(bottom, left));
    return above + (row - top) * (below - above);
  }

  /** Returns the red, green and blue of a value in [0, 1]. */
  private static int ramp(double value) {
    double place = value * (RAMP.length - 1);
    int from = Math.min((int) place, RAMP.length - 2);
    double share = place - from;
    int rgb = 0;
    for (int shift : new int[] {16, 8, 0}) {
      int low = RAMP[from].getRGB() >> shift & 0xff;
      int high = RAMP[from + 1].getRGB() >> shift & 0xff;
      rgb |= (int) Math.round(low + share * (high - low)) << shift;
    }
    return rgb;
  }
}
