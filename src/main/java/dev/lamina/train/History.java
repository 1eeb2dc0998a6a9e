package dev.lamina.train;

import java.util.List;

/**
 * What happened in a run.
 *
 * @param epochs the epochs, in order
 */
public record History(List<Epoch> epochs) {
  /** Copies the list. */
  public History {
    epochs = List.copyOf(epochs);
  }

  /**
   * The last epoch.
   *
   * @throws IllegalStateException where no epoch was finished
   */
  public Epoch last() {
    if (epochs.isEmpty()) {
      throw new IllegalStateException("no epoch was finished");
    }
    return epochs.get(epochs.size() - 1);
  }
}
