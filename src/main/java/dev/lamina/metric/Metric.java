package dev.lamina.metric;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * A number that tells how well a network does: a function of outputs and targets, one value for
 * each example. Training and evaluation report the mean over the examples, weighted by their
 * weights.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>outputs</td><td>float32 [N, classes]: what the network gives, logits for a classifier</td></tr>
 * <tr><td>targets</td><td>float32 [N, classes]: one-hot classes, or a distribution over the classes</td></tr>
 * <tr><td>result</td><td>float32 [N]</td></tr>
 * </table>
 */
public interface Metric {
  /**
   * Checks the names of metrics that are reported together, beside loss and accuracy.
   *
   * @throws IllegalArgumentException if one has no name that can head a column, or that of another
   */
  static void checkNames(List<Metric> metrics) {
    Accuracy accuracy = Accuracy.create();
    Map<String, Metric> byName = new HashMap<>(Map.of(accuracy.name(), accuracy));
    for (Metric metric : metrics) {
      String name = metric.name();
      checkArgument(
          name.matches("[^\\s,\"/]+"),
          "name of a metric must have no space, comma, quote or slash, got \"%s\"; use underscores",
          name);
      checkArgument(
          !name.matches(
              "epoch|steps|event|images|validation|seconds|learning_rate|momentum|val_.*|test_.*"),
          "name of a metric must not be that of another number of an epoch, got \"%s\"; rename it",
          name);
      Metric other = byName.putIfAbsent(name, metric);
      checkArgument(
          !name.equals("loss") && (other == null || other.equals(metric)),
          "metrics must have names that differ from each other, loss and accuracy, got \"%s\" again;"
              + " rename one",
          name);
    }
  }

  /** Returns the name in histories, files and tables: lower case with underscores. */
  String name();

  /**
   * Returns whether a lower value is better, as of an error; false unless overridden. It tells
   * callbacks that watch the metric, such as early stopping, what an improvement is.
   */
  default boolean lowerIsBetter() {
    return false;
  }

  /**
   * Adds the metric to a graph.
   *
   * @param tf where the operations go
   * @param outputs float32 [N, classes]
   * @param targets float32 [N, classes]
   * @return the value of each example, float32 [N]
   */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets);
}
