package dev.lamina.distributed;

import java.time.Duration;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** A sum over several devices, of one process or of several, each of which has a graph node. */
public final class CollectiveSum {
  private CollectiveSum() {}

  /**
   * Adds the part of one device to a graph: a ring over all devices whose parts have the same keys.
   *
   * @param x of the same shape on all devices
   * @param size the number of devices
   * @param group the number of the group that these devices are, for all their sums
   * @param instance the number of this sum
   * @param timeout for how long one waits for the others; zero if for ever
   */
  public static <T extends TNumber> Operand<T> of(
      Ops tf, Operand<T> x, int size, int group, int instance, Duration timeout) {
    OperationBuilder builder = tf.scope().opBuilder("CollectiveReduceV2", "sum");
    builder.addInput(x.asOutput());
    builder.addInput(tf.constant(size).asOutput());
    builder.addInput(tf.constant(group).asOutput());
    builder.addInput(tf.constant(instance).asOutput());
    builder.addInputList(new Output<?>[0]);
    builder.setAttr("merge_op", "Add");
    builder.setAttr("final_op", "Id");
    builder.setAttr("communication_hint", "ring");
    builder.setAttr("timeout_seconds", (float) timeout.toSeconds());
    return builder.build().output(0);
  }
}
