package dev.lamina.train;

/**
 * The length of a run.
 *
 * @param epochs the number of epochs
 * @param stepsPerEpoch the number of steps of each
 * @param batchSize the number of images per step; the last step of an epoch may have fewer
 * @param images the number of training images
 * @param done the steps that were taken before the run was resumed; 0 if it was not
 * @param compiled whether XLA compiles the step, during the first one
 */
public record RunPlan(
    int epochs, int stepsPerEpoch, int batchSize, int images, long done, boolean compiled) {
  /** Returns the number of steps of the whole run. */
  public long steps() {
    return (long) epochs * stepsPerEpoch;
  }
}
