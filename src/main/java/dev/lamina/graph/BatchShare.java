package dev.lamina.graph;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The share of each batch that this worker or device computes, for layers that look at the whole
 * batch.
 *
 * @param all adds up over all shares
 * @param weight the sum of the weights of the share's examples; 0 if it is empty, and the graph
 *     computes one image in its place
 * @param synchronizedBatchNorms whether every batch norm takes the statistics of the whole batch
 */
public record BatchShare(Sum all, Operand<TFloat32> weight, boolean synchronizedBatchNorms) {
  /** A sum over all shares of a batch. */
  @FunctionalInterface
  public interface Sum {
    /** Adds the sum to a graph. Every run that computes it waits for the same run of the others. */
    <T extends TNumber> Operand<T> of(Ops tf, Operand<T> own);
  }

  /** Adds the sum over all shares, as {@link Sum#of} does. */
  public <T extends TNumber> Operand<T> sum(Ops tf, Operand<T> own) {
    return all.of(tf, own);
  }
}
