package dev.lamina.step;

import dev.lamina.distributed.CollectiveSum;
import dev.lamina.graph.BatchShare;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/**
 * The sum over the devices of one process, for {@link Replicas}: every copy of its node is the part
 * of the device that it is placed on.
 *
 * @param devices the number of devices
 */
record DeviceSum(int devices) implements BatchShare.Sum {
  private static final int GROUP = 1;
  private static final AtomicInteger INSTANCES = new AtomicInteger();

  @Override
  public <T extends TNumber> Operand<T> of(Ops tf, Operand<T> own) {
    return CollectiveSum.of(tf, own, devices, GROUP, INSTANCES.incrementAndGet(), Duration.ZERO);
  }
}
