package dev.lamina.layer;

/** How a window treats the border of an image. */
public enum Padding {
  /**
   * Zeros are added so that the output has ceil(size / stride) places; of an odd number of them one
   * more stands at the end.
   */
  SAME,
  /** Nothing is added: only windows that lie wholly inside the image count. */
  VALID
}
