package dev.lamina.step;

import dev.lamina.distributed.Cluster;
import dev.lamina.graph.GraphSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat64;

/**
 * What the workers of a cluster decide together: after which step they stop, and which numbers an
 * epoch is judged by. In a process that trains alone, it is what that one decides. On the way they
 * tell how long each computes, and worker 0 warns of slow ones.
 */
final class Agreement {
  private static final Logger LOG = LoggerFactory.getLogger(Agreement.class);

  /** A sum over the workers, of numbers that each of them feeds. */
  private record Sum(Placeholder<TFloat64> own, Operand<TFloat64> all) {
    static Sum of(Ops tf, Cluster cluster, int size) {
      Placeholder<TFloat64> own =
          tf.placeholder(TFloat64.class, Placeholder.shape(Shape.of((long) size)));
      return new Sum(own, cluster.sum(tf, own));
    }
  }

  private final GraphSession session;
  private final @Nullable Cluster cluster;
  private final int metrics;

  /**
   * [whether a stop was requested, the seconds of each worker in the step before], summed in every
   * step. Null if this process trains alone.
   */
  private final @Nullable Sum inStep;

  /** When the gradients of this worker were there, in seconds since 1970. */
  private final @Nullable Operand<TFloat64> computed;

  /** The same, then images, loss and metrics of worker 0, summed between two steps. */
  private final @Nullable Sum between;

  private final SlowWorkers slow = new SlowWorkers();
  private double started;
  private double seconds;
  private volatile boolean requested;
  private volatile boolean agreed;

  /**
   * Builds the operations.
   *
   * @param metrics the number of metrics
   * @param gradients those of this worker
   */
  Agreement(GraphSession session, int metrics, Collection<? extends Op> gradients) {
    this.session = session;
    this.metrics = metrics;
    cluster = session.cluster().orElse(null);
    Ops tf = session.ops().withSubScope("agreement");
    inStep = cluster == null ? null : Sum.of(tf, cluster, 1 + cluster.size());
    computed =
        cluster == null ? null : tf.withControlDependencies(List.copyOf(gradients)).timestamp();
    between = cluster == null ? null : Sum.of(tf, cluster, 3 + metrics);
  }

  /** Asks all workers to stop; they do once they have agreed. */
  void requestStop() {
    requested = true;
    if (cluster == null) {
      agreed = true;
    }
  }

  boolean stopRequested() {
    return requested;
  }

  boolean stopAgreed() {
    return agreed;
  }

  /** Begins to measure a step. */
  void start() {
    started = System.currentTimeMillis() / 1e3;
  }

  /** Makes a run of a step agree; returns what was fed, to be closed after it. */
  Update.Scalars feed(Session.Runner runner) {
    if (cluster == null || inStep == null) {
      return () -> {};
    }
    double[] values = new double[1 + cluster.size()];
    values[0] = requested ? 1 : 0;
    values[1 + cluster.rank()] = seconds;
    TFloat64 own = TFloat64.vectorOf(values);
    runner.feed(inStep.own(), own).fetch(computed).fetch(inStep.all());
    return own::close;
  }

  /** Reads what a run of a step has agreed on: the last of its results. */
  void read(Result result) {
    if (cluster == null) {
      return;
    }
    seconds = ((TFloat64) result.get(result.size() - 2)).getDouble() - started;
    double[] all = StdArrays.array1dCopyOf((TFloat64) result.get(result.size() - 1));
    agreed |= all[0] > 0;
    if (cluster.isFirst()) {
      slow.add(Arrays.copyOfRange(all, 1, all.length)).forEach(LOG::warn);
    }
  }

  /**
   * Agrees between two steps on a stop, and on the metrics of worker 0.
   *
   * @param own those of this worker; empty if it has none
   * @return empty if all stop, or there are none
   */
  Optional<Metrics> agree(Optional<Metrics> own) {
    if (cluster == null || between == null) {
      return own;
    }
    double[] values = new double[3 + metrics];
    if (cluster.isFirst() && own.isPresent()) {
      values[1] = own.get().images();
      values[2] = own.get().loss();
      List<Double> each = new ArrayList<>(own.get().values().values());
      for (int i = 0; i < each.size(); i++) {
        values[3 + i] = each.get(i);
      }
    }
    values[0] = requested ? 1 : 0;
    double[] all = run(between, values);
    agreed |= all[0] > 0;
    return agreed ? Optional.empty() : own.map(metrics -> of(all, metrics));
  }

  private double[] run(Sum sum, double[] values) {
    try (TFloat64 fed = TFloat64.vectorOf(values);
        Result result = session.run(runner -> runner.feed(sum.own(), fed).fetch(sum.all()))) {
      return StdArrays.array1dCopyOf((TFloat64) result.get(0));
    } catch (TensorFlowException e) {
      throw explain(e);
    }
  }

  /** Returns what to throw if a run failed, perhaps because another worker has ended. */
  RuntimeException explain(TensorFlowException failure) {
    return cluster == null ? failure : cluster.explain(failure);
  }

  private static Metrics of(double[] all, Metrics names) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (String name : names.values().keySet()) {
      values.put(name, all[3 + values.size()]);
    }
    return new Metrics(Math.round(all[1]), all[2], values);
  }
}
