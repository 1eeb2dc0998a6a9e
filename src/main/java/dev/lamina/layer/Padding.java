package dev.lamina.layer;

/** How a window treats the border of an image. */
public enum Padding {
  /**
   * Zeros are added so that the output size is ceil(size / stride); if their total is odd, the
   * extra row or column goes at the end.
   */
  SAME,
  /** Nothing is added: only windows completely inside the image are used. */
  VALID
}
