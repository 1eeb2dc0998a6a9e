package dev.lamina.augment;

import com.google.common.collect.ImmutableList;

/**
 * The operations of {@link RandAugment}, with the strengths of torchvision's. A level is a whole
 * number from 0 to {@link #MAX_LEVEL}.
 */
enum Distortion {
  /** Nothing. */
  IDENTITY,
  /** Moves rows sideways, by up to 0.3 columns for each row, from the upper border on. */
  SHEAR_X {
    @Override
    float[] transform(double level, int height, int width) {
      double shear = 0.3 * level;
      return affine(1, shear, shear / 2, 0, 1, 0);
    }
  },
  /** Moves columns up or down, by up to 0.3 rows for each column, from the left border on. */
  SHEAR_Y {
    @Override
    float[] transform(double level, int height, int width) {
      double shear = 0.3 * level;
      return affine(1, 0, 0, shear, 1, shear / 2);
    }
  },
  /** Moves sideways by whole pixels, up to 150/331 of the width. */
  TRANSLATE_X {
    @Override
    float[] transform(double level, int height, int width) {
      return affine(1, 0, -(int) (MAX_SHIFT * width * level), 0, 1, 0);
    }
  },
  /** Moves up or down by whole pixels, up to 150/331 of the height. */
  TRANSLATE_Y {
    @Override
    float[] transform(double level, int height, int width) {
      return affine(1, 0, 0, 0, 1, -(int) (MAX_SHIFT * height * level));
    }
  },
  /** Turns around the centre, by up to 30 degrees. */
  ROTATE {
    @Override
    float[] transform(double level, int height, int width) {
      double cos = Math.cos(Math.toRadians(30 * level));
      double sin = Math.sin(Math.toRadians(30 * level));
      double x = (width - 1) / 2.0;
      double y = (height - 1) / 2.0;
      return affine(cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y);
    }
  },
  /** Multiplies by 0.1 to 1.9. */
  BRIGHTNESS {
    @Override
    int value(int value, double level) {
      return (int) Math.min((float) factor(level) * value, 255);
    }
  },
  /** Blends with the grey image, by a factor of 0.1 to 1.9 for the image itself. */
  COLOR,
  /** Blends with the mean grey value in the same way. */
  CONTRAST,
  /** Blends with the smoothed image in the same way. */
  SHARPNESS,
  /** Keeps the upper 8 to 4 bits of each value. */
  POSTERIZE {
    @Override
    int value(int value, double level) {
      int cleared = (int) Math.rint(4 * Math.abs(level));
      return value >> cleared << cleared;
    }
  },
  /** Inverts the values from a threshold on, which is 255 to 0. */
  SOLARIZE {
    @Override
    int value(int value, double level) {
      // In float32, as in torchvision, so that it is 68 at magnitude 22.
      return value >= (float) (255 * (1 - Math.abs(level))) ? 255 - value : value;
    }
  },
  /** Stretches each channel from its least and largest value to 0 and 255. */
  AUTO_CONTRAST,
  /** Makes the values of each channel about equally frequent. */
  EQUALIZE;

  /** All of them, in the order of torchvision. */
  static final ImmutableList<Distortion> ALL = ImmutableList.copyOf(values());

  static final int MAX_LEVEL = 30;

  private static final double MAX_SHIFT = 150.0 / 331;

  /**
   * Returns the first two rows of the matrix from a pixel (x, y, 1) of the result to that of the
   * source, and two zeros.
   *
   * @param level in [-1, 1]
   */
  float[] transform(double level, int height, int width) {
    return affine(1, 0, 0, 0, 1, 0);
  }

  /**
   * Returns what becomes of a value of a channel, if that does not depend on other pixels.
   *
   * @param level in [-1, 1]
   */
  int value(int value, double level) {
    return value;
  }

  /** Returns the factor of the image in a blend. */
  static double factor(double level) {
    return 1 + 0.9 * level;
  }

  private static float[] affine(double a, double b, double c, double d, double e, double f) {
    return new float[] {(float) a, (float) b, (float) c, (float) d, (float) e, (float) f, 0, 0};
  }
}
