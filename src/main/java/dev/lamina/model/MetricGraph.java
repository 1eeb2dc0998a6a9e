package dev.lamina.model;

import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.metric.Metric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** Computes metrics of an evaluation: their sums over all examples, in double precision. */
final class MetricGraph implements AutoCloseable {
  private final GraphSession session = new GraphSession(Device.cpu());
  private final List<Metric> metrics;
  private final Placeholder<TFloat32> outputs;
  private final Placeholder<TFloat32> targets;
  private final List<Operand<TFloat32>> values = new ArrayList<>();
  private final double[] sums;
  private long count;

  MetricGraph(List<Metric> metrics, int classes) {
    Metric.checkNames(metrics);
    this.metrics = metrics;
    sums = new double[metrics.size()];
    Ops tf = session.ops();
    Placeholder.Options shape = Placeholder.shape(Shape.of(-1, classes));
    outputs = tf.placeholder(TFloat32.class, shape);
    targets = tf.placeholder(TFloat32.class, shape);
    try {
      for (Metric metric : metrics) {
        values.add(
            Floats.expectOnePerExample(
                "metric " + metric.name(), metric.apply(tf, outputs, targets)));
      }
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** Adds a batch. */
  void add(float[][] logits, int[] labels) {
    count += labels.length;
    if (metrics.isEmpty()) {
      return;
    }
    float[][] oneHot = new float[labels.length][logits[0].length];
    for (int i = 0; i < labels.length; i++) {
      oneHot[i][labels[i]] = 1;
    }
    try (TFloat32 logitTensor = TFloat32.tensorOf(StdArrays.ndCopyOf(logits));
        TFloat32 targetTensor = TFloat32.tensorOf(StdArrays.ndCopyOf(oneHot));
        var result =
            session.run(
                runner -> {
                  runner.feed(outputs, logitTensor).feed(targets, targetTensor);
                  values.forEach(runner::fetch);
                })) {
      for (int i = 0; i < sums.length; i++) {
        for (float value : GraphSession.floats(result.get(i))) {
          sums[i] += value;
        }
      }
    }
  }

  /** Returns the means by the metrics' names. */
  Map<String, Double> means() {
    Map<String, Double> means = new LinkedHashMap<>();
    for (int i = 0; i < sums.length; i++) {
      means.put(metrics.get(i).name(), sums[i] / count);
    }
    return means;
  }

  @Override
  public void close() {
    session.close();
  }
}
