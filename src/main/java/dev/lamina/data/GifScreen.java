package dev.lamina.data;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import javax.imageio.ImageReader;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;

/**
 * The screen of a GIF file and the place of its first frame in it, which may be smaller. As in
 * Pillow, the screen is at least as large as to hold the frame.
 */
record GifScreen(int height, int width, int top, int left) {
  static GifScreen of(ImageReader reader) throws IOException {
    IIOMetadataNode screen = node(reader.getStreamMetadata(), "LogicalScreenDescriptor");
    IIOMetadataNode frame = node(reader.getImageMetadata(0), "ImageDescriptor");
    int top = number(frame, "imageTopPosition");
    int left = number(frame, "imageLeftPosition");
    return new GifScreen(
        Math.max(number(screen, "logicalScreenHeight"), top + reader.getHeight(0)),
        Math.max(number(screen, "logicalScreenWidth"), left + reader.getWidth(0)),
        top,
        left);
  }

  private static IIOMetadataNode node(IIOMetadata metadata, String name) {
    IIOMetadataNode root =
        (IIOMetadataNode) metadata.getAsTree(metadata.getNativeMetadataFormatName());
    return (IIOMetadataNode) root.getElementsByTagName(name).item(0);
  }

  private static int number(IIOMetadataNode node, String attribute) {
    return Integer.parseInt(node.getAttribute(attribute));
  }

  /**
   * Returns the RGB pixels of the screen. Around the frame it has the transparent colour, or the
   * first of the palette if there is none, as in Pillow.
   */
  byte[] show(BufferedImage frame) {
    byte[] pixels = Rasters.rgbInPlace(frame);
    if (frame.getHeight() == height && frame.getWidth() == width) {
      return pixels;
    }
    IndexColorModel palette = (IndexColorModel) frame.getColorModel();
    int colour = palette.getRGB(Math.max(0, palette.getTransparentPixel()));
    byte[] shown = new byte[3 * height * width];
    for (int i = 0; i < shown.length; i += 3) {
      shown[i] = (byte) (colour >> 16);
      shown[i + 1] = (byte) (colour >> 8);
      shown[i + 2] = (byte) colour;
    }
    int row = 3 * frame.getWidth();
    for (int y = 0; y < frame.getHeight(); y++) {
      System.arraycopy(pixels, y * row, shown, 3 * ((top + y) * width + left), row);
    }
    return shown;
  }
}
