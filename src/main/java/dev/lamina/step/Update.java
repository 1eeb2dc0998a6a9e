package dev.lamina.step;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import dev.lamina.metric.Metric;
import dev.lamina.optimizer.BuiltOptimizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The fourth part of a step: the check that the exchanged contribution is finite, then clipping,
 * decay and optimizer, the running statistics, the sums of the metrics, and what callbacks add.
 * Nothing changes unless the loss and every gradient are finite.
 */
final class Update {
  /** The scalars that a step is given. */
  interface Scalars extends AutoCloseable {
    @Override
    void close();
  }

  private final BuiltOptimizer optimizer;
  private final MetricSums sums;
  private final FiniteCheck finite;
  private final Op all;

  /**
   * Builds this part.
   *
   * @param values the trained variables with their values in the step
   * @param exchanged what all devices apply
   * @param weights the weights and running statistics of the network
   * @param scale the scale of the loss; null if the precision needs none
   */
  Update(
      GraphSession session,
      State state,
      StepOptions options,
      Map<Variable, Operand<TFloat32>> values,
      Contribution exchanged,
      List<Variable> weights,
      @Nullable LossScale scale) {
    Ops tf = session.ops().withSubScope("update");
    finite = FiniteCheck.of(session, tf.withSubScope("finite"), exchanged);
    Ops gated = tf.withControlDependencies(finite.gate());
    optimizer =
        BuiltOptimizer.build(
            options.optimizer(),
            options.groups(),
            state,
            session.ops(),
            options.precision(),
            List.of(finite.gate()),
            values,
            exchanged.gradients());
    List<String> names = options.metrics().stream().map(Metric::name).toList();
    sums = new MetricSums(session, gated, names, exchanged.sums());
    List<Op> updates = new ArrayList<>(optimizer.operations());
    exchanged
        .statistics()
        .forEach(
            (variable, value) -> updates.add(gated.assignVariableOp(variable.handle(), value)));
    List<Op> targets = new ArrayList<>(updates);
    Ops after = tf.withSubScope("after").withControlDependencies(updates);
    for (AfterUpdate extension : options.afterUpdate()) {
      targets.addAll(extension.build(after, state, weights));
    }
    targets.add(sums.update());
    if (scale != null) {
      targets.addAll(scale.count(gated));
    }
    all = tf.withControlDependencies(targets).noOp();
  }

  /**
   * Makes a run take the step.
   *
   * @param form what runs in place of the step as it was built
   * @return what was fed; close it after the run
   */
  Scalars feed(Session.Runner runner, GraphCopy form, double learningRate, double momentum) {
    List<TFloat32> fed = new ArrayList<>();
    feed(runner, optimizer.learningRate(), learningRate, fed);
    feed(runner, optimizer.momentum(), momentum, fed);
    finite.fetch(runner);
    runner.addTarget(form.of(all));
    return () -> fed.forEach(TFloat32::close);
  }

  private static void feed(
      Session.Runner runner, Variable variable, double value, List<TFloat32> fed) {
    TFloat32 tensor = TFloat32.scalarOf((float) value);
    fed.add(tensor);
    runner.feed(variable.value(), tensor);
  }

  /** Returns the operation that takes the step. */
  Op all() {
    return all;
  }

  /** Returns the check that a run of the step was finite. */
  FiniteCheck finite() {
    return finite;
  }

  /** Returns the variable that holds the learning rate of the last step. */
  Variable learningRate() {
    return optimizer.learningRate();
  }

  /** Returns the loss and the metrics that the steps add up. */
  MetricSums sums() {
    return sums;
  }
}
