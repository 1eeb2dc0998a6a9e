package dev.lamina.train;

import dev.lamina.io.LaminaException;

/**
 * A training step did not fit into the memory of its device. The checkpoints that the run has
 * written can be resumed.
 */
public final class OutOfMemoryException extends LaminaException {
  private static final long serialVersionUID = 1;
  private final int accumulate;

  OutOfMemoryException(String message, int accumulate, Throwable cause) {
    super(message, cause);
    this.accumulate = accumulate;
  }

  /** Returns the number of micro-batches to resume with, see {@link Recipe#accumulate(int)}. */
  public int accumulate() {
    return accumulate;
  }
}
