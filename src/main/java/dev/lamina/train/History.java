package dev.lamina.train;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

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

  /**
   * The epoch with the highest validation accuracy, the first of several; empty where nothing was
   * validated.
   */
  public Optional<Epoch> best() {
    // max gives the last of equals, so they are compared by age as well.
    return epochs.stream()
        .filter(epoch -> epoch.validation().isPresent())
        .max(
            Comparator.comparingDouble((Epoch epoch) -> epoch.validation().orElseThrow().accuracy())
                .thenComparing(Epoch::number, Comparator.reverseOrder()));
  }
}
