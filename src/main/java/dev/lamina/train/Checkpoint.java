package dev.lamina.train;

import dev.lamina.format.CheckpointWeights;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.step.EpochSums;
import java.nio.file.Path;
import java.util.Map;

/**
 * Everything a run needs to continue as if it had never been interrupted: weights, running
 * statistics, the state of the optimizer and of callbacks, the position in the run, the sums of the
 * running epoch, the history and the configuration. Random numbers depend on seed and step alone,
 * so no generator state is stored.
 *
 * <p>{@link dev.lamina.model.Model#load} reads the model from the file of a checkpoint, too, with
 * the weights that the run evaluated: those trained, or an average of them.
 */
public final class Checkpoint {
  /**
   * The position of the run and the numbers collected so far.
   *
   * @param step the steps taken
   * @param sums the sums over the running epoch's steps; zeros between two epochs
   * @param seconds the time of the running epoch so far, in seconds
   * @param history the finished epochs
   * @param learningRateScale the factor of the learning rate that callbacks have set
   * @param callbacks the states of callbacks, by their names
   */
  record Progress(
      long step,
      EpochSums sums,
      double seconds,
      History history,
      double learningRateScale,
      Map<String, CallbackState> callbacks) {}

  private final int version;
  private final Progress progress;
  private final Map<String, String> configuration;
  private final Map<String, Tensor> tensors;
  private final Map<String, String> model;

  /**
   * Creates a checkpoint.
   *
   * @param version the version of the file that it was read from; 2 now
   * @param tensors every variable by its name in {@link dev.lamina.graph.State}, in TensorFlow's
   *     layout, and the weights that were evaluated, if they are others
   * @param model the {@link CheckpointWeights#describe description} of the model
   */
  Checkpoint(
      int version,
      Progress progress,
      Map<String, String> configuration,
      Map<String, Tensor> tensors,
      Map<String, String> model) {
    this.version = version;
    this.progress = progress;
    this.configuration = configuration;
    this.tensors = tensors;
    this.model = model;
  }

  /**
   * Reads a checkpoint.
   *
   * @throws dev.lamina.io.LaminaException if the file is not a checkpoint, is damaged, or is of a
   *     newer version
   * @throws java.io.UncheckedIOException if it cannot be read
   */
  public static Checkpoint read(Path file) {
    return CheckpointFile.read(file);
  }

  /**
   * Writes the checkpoint atomically as one file.
   *
   * @throws java.io.UncheckedIOException if it cannot be written; an existing file is unchanged
   *     then
   */
  public void write(Path file) {
    CheckpointFile.write(file, this);
  }

  /** Returns the number of steps taken. */
  public long step() {
    return progress.step();
  }

  /** Returns the finished epochs. */
  public History history() {
    return progress.history();
  }

  /** Returns the configuration of the run, by the names of {@link Trainer}'s options. */
  public Map<String, String> configuration() {
    return configuration;
  }

  int version() {
    return version;
  }

  Progress progress() {
    return progress;
  }

  Map<String, Tensor> tensors() {
    return tensors;
  }

  Map<String, String> model() {
    return model;
  }
}
