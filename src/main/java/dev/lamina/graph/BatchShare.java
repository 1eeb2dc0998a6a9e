package dev.lamina.graph;

import dev.lamina.distributed.Cluster;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The share of each batch that this worker computes, for layers that look at the whole batch.
 *
 * @param cluster the workers
 * @param weight the sum of the weights of the share's examples; 0 if it is empty, and the graph
 *     computes one image in its place
 */
public record BatchShare(Cluster cluster, Operand<TFloat32> weight) {
  /**
   * Adds the sum over all workers. Every run that computes it waits for the same run of the others.
   */
  public <T extends TNumber> Operand<T> sum(Ops tf, Operand<T> own) {
    return cluster.sum(tf, own);
  }
}
