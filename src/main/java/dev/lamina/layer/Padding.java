package dev.lamina.layer;

/** How a window treats the border of an image. */
public enum Padding {
  /**
   * Zeros are added so that the output size is ceil(size / stride); if their total is odd, the
   * extra row or column goes at the end.
   */
  SAME,
  /** Nothing is added: only windows completely inside the image are used. */
  VALID,
  /**
   * floor(window / 2) zeros are added on every side, as by {@code padding=window // 2} in PyTorch.
   * For an odd window and stride 1 this is {@link #SAME}; for a larger stride it differs.
   */
  HALF;

  /** Returns the rows or columns that are added on every side; only {@link #HALF} fixes them. */
  int border(int window) {
    return this == HALF ? window / 2 : 0;
  }
}
