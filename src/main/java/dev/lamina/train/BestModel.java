package dev.lamina.train;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Writes the weights of the best epoch by validation to a file: those that are evaluated, whenever
 * they are better than all before. {@link dev.lamina.model.Model#load} reads them. Of several equal
 * epochs the first is kept. Keras's {@code ModelCheckpoint} with {@code save_best_only} is {@code
 * BestModel.in(file).lowest("loss")}, unless it is told what to monitor.
 *
 * @param file the weights file, which is replaced
 * @param monitor {@code loss} or the name of a metric of the validation; {@code accuracy} unless
 *     set
 * @param lowest whether lower values are better; false unless set
 */
public record BestModel(Path file, String monitor, boolean lowest) implements Callback {
  /** Returns the callback that keeps the weights with the highest validation accuracy. */
  public static BestModel in(Path file) {
    return new BestModel(file, "accuracy", false);
  }

  /**
   * Returns this callback keeping the weights with the highest value of a metric; one whose lower
   * values are better is refused when the run starts.
   */
  public BestModel highest(String metric) {
    return new BestModel(file, metric, false);
  }

  /** Returns this callback keeping those with the lowest {@code loss} or value of a metric. */
  public BestModel lowest(String metric) {
    return new BestModel(file, metric, true);
  }

  @Override
  public String name() {
    return "BestModel(%s %s)".formatted(lowest ? "lowest" : "highest", monitor);
  }

  @Override
  public Optional<String> validationMetric() {
    return Optional.of(monitor);
  }

  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    if (new Monitor(monitor, 0, lowest).improved(epoch, run.state(name()))) {
      run.saveWeights(file, Map.of("epoch", Integer.toString(epoch.number())));
    }
  }
}
