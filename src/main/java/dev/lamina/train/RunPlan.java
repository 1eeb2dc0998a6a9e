package dev.lamina.train;

/**
 * What a run is going to do.
 *
 * @param epochs the number of epochs
 * @param stepsPerEpoch the number of steps of each
 * @param batchSize the images of a step; the last step of an epoch may have fewer
 * @param images the training images
 * @param done the steps that were taken before the run was resumed; 0 where it starts
 */
public record RunPlan(int epochs, int stepsPerEpoch, int batchSize, int images, long done) {
  /** The number of steps of the whole run. */
  public long steps() {
    return (long) epochs * stepsPerEpoch;
  }
}
