package dev.lamina.train;

import dev.lamina.step.Metrics;
import java.util.Optional;

/**
 * A finished epoch.
 *
 * @param number from 1
 * @param steps the steps taken since the start of the run
 * @param training loss and metrics over the epoch's (augmented) images, each seen before its step's
 *     update
 * @param validation loss and metrics of the validation images; empty if there are none
 * @param learningRate the learning rate of the epoch's last step
 * @param momentum the momentum of the epoch's last step
 * @param seconds its duration in seconds, including the evaluation
 */
public record Epoch(
    int number,
    long steps,
    Metrics training,
    Optional<Metrics> validation,
    double learningRate,
    double momentum,
    double seconds) {

  /** Returns the mean training loss. */
  public double loss() {
    return training.loss();
  }

  /** Returns the share of the training images that was recognised, in [0, 1]. */
  public double accuracy() {
    return training.accuracy();
  }
}
