package dev.lamina.step;

import dev.lamina.distributed.Cluster;
import org.tensorflow.op.Ops;

/**
 * The third part of a step: combines the contributions of several devices or workers into the one
 * that all of them apply. Whether the step is finite is decided after it, once for all.
 */
@FunctionalInterface
public interface Exchange {
  /**
   * Adds the exchange to a graph.
   *
   * @param tf the operations of the graph
   * @param local the contribution of this device or worker
   * @return the mean of all contributions (of {@code sums} the sum)
   */
  Contribution apply(Ops tf, Contribution local);

  /** Returns the exchange among the workers of a cluster. */
  static Exchange among(Cluster cluster) {
    return new AllReduce(cluster);
  }

  /** Returns the exchange of a single device: the local contribution is the whole. */
  static Exchange none() {
    return (tf, local) -> local;
  }
}
