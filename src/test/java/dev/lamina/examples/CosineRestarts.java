package dev.lamina.examples;

import dev.lamina.schedule.Schedule;

/**
 * Cosine annealing that starts again every so many steps (SGDR; Loshchilov and Hutter, arXiv
 * 1608.03983).
 *
 * @param peak the learning rate at each start
 * @param period the steps from start to start
 */
// region schedule
record CosineRestarts(double peak, long period) implements Schedule {
  @Override
  public double learningRate(long step, long steps) {
    return peak / 2 * (1 + Math.cos(Math.PI * (double) (step % period) / (double) period));
  }
}
// endregion
