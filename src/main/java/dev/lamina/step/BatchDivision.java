package dev.lamina.step;

import dev.lamina.data.Shard;
import dev.lamina.graph.BatchShare;
import dev.lamina.graph.GraphSession;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** How every batch is divided: among several workers, or the devices of this process. */
final class BatchDivision {
  private BatchDivision() {}

  /** Returns the part that this worker takes, or the part of each of its devices. */
  static List<Shard> shards(GraphSession session) {
    int devices = session.device().count();
    return session
        .cluster()
        .map(cluster -> List.of(new Shard(cluster.rank(), cluster.size())))
        .orElseGet(() -> IntStream.range(0, devices).mapToObj(i -> new Shard(i, devices)).toList());
  }

  /**
   * Returns the share that the network is built for; empty if it is the whole batch.
   *
   * @param weights the weights of its examples
   * @param synchronizedBatchNorms whether all batch norms are synchronised
   */
  static Optional<BatchShare> share(
      GraphSession session, Operand<TFloat32> weights, boolean synchronizedBatchNorms) {
    Ops tf = session.ops().withSubScope("share");
    return sum(session)
        .map(
            sum ->
                new BatchShare(sum, tf.reduceSum(weights, tf.constant(0)), synchronizedBatchNorms));
  }

  /** Returns the sum over all workers, or all devices of this process; empty if it is one alone. */
  private static Optional<BatchShare.Sum> sum(GraphSession session) {
    return session.device().count() == 1
        ? session.cluster().map(cluster -> cluster::sum)
        : Optional.of(new DeviceSum(session.device().count()));
  }
}
