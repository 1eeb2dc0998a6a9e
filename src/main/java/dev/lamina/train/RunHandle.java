package dev.lamina.train;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Variable;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Weights;
import dev.lamina.schedule.Schedule;
import dev.lamina.step.DivergenceException;
import dev.lamina.step.Metrics;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** The operations on a run that callbacks may use. */
public interface RunHandle {
  /** Ends the run after the current step. May be called from any thread. */
  void stop();

  /** Returns the recipe. */
  Recipe recipe();

  /** Returns the images that are trained on. */
  ImageSet images();

  /** Returns the newest evaluation of the validation images; empty before the first. */
  Optional<Evaluation> evaluation();

  /** Returns the finished epochs, including those before the run was resumed. */
  History history();

  /**
   * Returns everything that the run needs to continue from here; later steps do not change it.
   *
   * @throws DivergenceException if a weight is not finite; do not catch it
   */
  Checkpoint checkpoint();

  /** Returns loss and metrics of the epoch so far. Not free: do not call it in every step. */
  Metrics metrics();

  /**
   * Returns whether a lower value is better: of {@code loss}, and of a metric of the run that says
   * so ({@link dev.lamina.metric.Metric#lowerIsBetter}).
   *
   * @param metric {@code loss} or the name of a metric
   */
  boolean lowerIsBetter(String metric);

  /** Returns the number of steps taken. */
  long steps();

  /** Returns the learning rate that the last step was taken with; 0 before the first. */
  double learningRate();

  /**
   * Multiplies the learning rate of all later steps by a factor, on top of the schedule and of
   * earlier factors. Checkpoints store the factor.
   *
   * @param factor positive and finite
   * @throws IllegalArgumentException if it is not
   */
  void scaleLearningRate(double factor);

  /**
   * Changes the schedule of all later steps: learning rate, before {@link #scaleLearningRate}, and
   * momentum. Not stored in checkpoints: a callback does it in {@link Callback#onStart}.
   *
   * @param change returns the new schedule for the one of the recipe, or of a callback before
   */
  void schedule(UnaryOperator<Schedule> change);

  /** Returns the weights of this moment. */
  Weights weights();

  /** Sets all weights or some of them. */
  void assign(Weights weights);

  /** Sets weights and returns those that the model had before. */
  default Weights swap(Weights weights) {
    Weights before = weights();
    assign(weights);
    return before;
  }

  /**
   * Returns the values of a variable that the callback added in {@link Callback#afterUpdate}, in
   * row-major order.
   */
  float[] read(Variable variable);

  /** Sets the values of variables that the callback added in {@link Callback#afterUpdate}. */
  void assign(Map<Variable, float[]> values);

  /**
   * Returns the state under a name, initially empty; usually the callback's own {@link
   * Callback#name}. One under another name must be asked for in {@link Callback#onStart}: a
   * checkpoint of a resumed run has it only if it was asked for before.
   */
  CallbackState state(String name);

  /**
   * Returns the gradients of the loss of the last step's batch by the weights of this moment,
   * before clipping and decay, in row-major order by name; among several workers those of this
   * worker's share. Costs about as much as a step.
   *
   * @return empty if this worker has no image of the batch, or several workers synchronise batch
   *     norms: one alone cannot compute them then
   */
  Map<String, float[]> gradients();

  /**
   * Returns weights with the running statistics of batch norms that belong to them, such as for an
   * average: the means over the batches of the last epoch, computed by forward passes, as PyTorch's
   * {@code update_bn} does. Statistics of frozen layers stay. The model is unchanged.
   */
  Weights withStatistics(Weights weights);

  /**
   * Sets the source of the weights that are evaluated after each epoch, saved by {@link
   * #saveWeights}, and assigned to the model when training has ended, such as an average; the
   * trained weights unless set.
   */
  void evaluationWeights(Supplier<Weights> source);

  /**
   * Sets where the weights come from that the model gets when training has ended, such as those of
   * the best epoch. The weights that are evaluated unless set.
   */
  void finalWeights(Supplier<Weights> source);

  /** Returns the weights that are evaluated; see {@link #evaluationWeights(Supplier)}. */
  Weights evaluationWeights();

  /**
   * Writes the weights that are evaluated as safetensors. The file is replaced atomically.
   *
   * @param metadata text that is stored with them
   * @throws java.io.UncheckedIOException if it cannot be written
   */
  void saveWeights(Path file, Map<String, String> metadata);
}
