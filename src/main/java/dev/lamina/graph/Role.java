package dev.lamina.graph;

/**
 * The purpose of a parameter; determines whether it is trained and whether weight decay may leave
 * it out.
 */
public enum Role {
  /**
   * The kernel of a convolution [height, width, in, out] or of a dense layer [in, out]. One of
   * another shape is the same in PyTorch's layout.
   */
  KERNEL,
  /** A bias that is added to each output channel. */
  BIAS,
  /** The scale or the offset of a normalisation. */
  NORM,
  /** A kernel, a scale or a table that is set before training and never trained. */
  FIXED,
  /** A running statistic: part of the model's state, never trained. */
  STATISTIC;

  /** Returns whether the optimizer trains the parameter. */
  public boolean trainable() {
    return this != FIXED && this != STATISTIC;
  }
}
