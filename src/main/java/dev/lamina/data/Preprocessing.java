package dev.lamina.data;

/**
 * How an image file becomes the input of a network. It is stored with a model, so that what is
 * predicted and served is prepared as what was trained on.
 *
 * @param resize the rule for images of other sizes
 * @param upright whether the orientation in a file's EXIF data is applied; otherwise pixels are
 *     used as they are stored, as Pillow, torchvision and TensorFlow's decoders do; a TIFF is
 *     always turned, as by Pillow
 */
public record Preprocessing(Resize resize, boolean upright) {
  /** Returns the preprocessing that only resizes. */
  public static Preprocessing of(Resize resize) {
    return new Preprocessing(resize, false);
  }

  /** Returns this preprocessing with the orientation in EXIF data applied or not. */
  public Preprocessing upright(boolean upright) {
    return new Preprocessing(resize, upright);
  }

  /** Returns what is done unless something else is stored: images that are smaller are padded. */
  public static Preprocessing defaultFor(int height, int width) {
    return of(Resize.pad(height, width));
  }

  byte[] apply(ImageName name, RgbImage image) {
    return resize.apply(name, image);
  }

  /**
   * Returns the weights of red, green and blue in luma (ITU-R BT.601, as Pillow's {@code
   * convert("L")}), in units of 2^-16.
   */
  public static int[] luma() {
    return new int[] {19595, 38470, 7471};
  }

  /** Returns the luma of RGB pixels, for networks with one channel. */
  public static byte[] grey(byte[] rgb) {
    int[] luma = luma();
    byte[] grey = new byte[rgb.length / 3];
    for (int i = 0; i < grey.length; i++) {
      int sum = 1 << 15;
      for (int c = 0; c < 3; c++) {
        sum += luma[c] * (rgb[3 * i + c] & 0xff);
      }
      grey[i] = (byte) (sum >> 16);
    }
    return grey;
  }
}
