package dev.lamina.train;

import dev.lamina.export.Safetensors.Tensor;
import java.nio.file.Path;
import java.util.Map;

/**
 * Everything a run needs to go on as if it had never been interrupted: weights, running statistics,
 * the optimizer's state, the place in the run, the sums of the running epoch, the history and the
 * configuration. Random numbers depend on seed and step alone, so there is no state of a generator.
 */
public final class Checkpoint {
  /**
   * How far the run is.
   *
   * @param step the steps taken
   * @param sums what the running epoch's steps added up; zeros between two epochs
   * @param seconds the time that the running epoch has taken so far
   * @param history the epochs that are over
   */
  record Progress(long step, MetricSums.Sums sums, double seconds, History history) {}

  private final Progress progress;
  private final Map<String, String> configuration;
  private final Map<String, Tensor> tensors;

  /**
   * A checkpoint.
   *
   * @param tensors every variable by its name in the session, in TensorFlow's layout
   */
  Checkpoint(Progress progress, Map<String, String> configuration, Map<String, Tensor> tensors) {
    this.progress = progress;
    this.configuration = configuration;
    this.tensors = tensors;
  }

  /**
   * Reads a checkpoint.
   *
   * @throws dev.lamina.export.FormatException where the file is no checkpoint, a damaged one, or
   *     one of a newer version
   * @throws java.io.UncheckedIOException where it cannot be read
   */
  public static Checkpoint read(Path file) {
    return CheckpointFile.read(file);
  }

  /**
   * Writes the checkpoint as one file, whole or not at all.
   *
   * @throws java.io.UncheckedIOException where it cannot be written; what stood there before is
   *     untouched
   */
  public void write(Path file) {
    CheckpointFile.write(file, this);
  }

  /** The steps taken. */
  public long step() {
    return progress.step();
  }

  /** The epochs that were over. */
  public History history() {
    return progress.history();
  }

  /** What was trained how, by the names of {@link Trainer}'s options. */
  public Map<String, String> configuration() {
    return configuration;
  }

  Progress progress() {
    return progress;
  }

  Map<String, Tensor> tensors() {
    return tensors;
  }
}
