package dev.lamina.train;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The epochs of a run.
 *
 * @param epochs the epochs, in order
 */
public record History(List<Epoch> epochs) {
  /** Copies the list. */
  public History {
    epochs = List.copyOf(epochs);
  }

  /**
   * Returns the last epoch.
   *
   * @throws IllegalStateException if no epoch was finished
   */
  public Epoch last() {
    if (epochs.isEmpty()) {
      throw new IllegalStateException("no epoch was finished");
    }
    return epochs.get(epochs.size() - 1);
  }

  /**
   * Returns the epoch with the highest validation accuracy, the first one if there are several;
   * empty if there was no validation.
   */
  public Optional<Epoch> best() {
    // max returns the last of equal elements, so they are compared by number as well.
    return epochs.stream()
        .filter(epoch -> epoch.validation().isPresent())
        .max(
            Comparator.comparingDouble((Epoch epoch) -> epoch.validation().orElseThrow().accuracy())
                .thenComparing(Epoch::number, Comparator.reverseOrder()));
  }
}
