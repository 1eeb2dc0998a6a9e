package dev.lamina.optimizer;

import dev.lamina.graph.Precision;
import dev.lamina.graph.State;
import dev.lamina.graph.StateKind;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * An optimizer built into a graph: the operations that update every variable, and the variables
 * that the schedule sets in every step.
 */
public final class BuiltOptimizer {
  private final State state;
  private final Precision precision;
  private final Ops tf;
  private final Ops gated;
  private final Variable learningRate;
  private final Variable momentum;
  private final Operand<TFloat32> rate;
  private final Operand<TFloat32> momentumValue;
  private @Nullable Operand<TFloat32> stepValue;
  private final List<Op> operations = new ArrayList<>();

  private BuiltOptimizer(State state, Ops root, Precision precision, List<Op> before) {
    this.state = state;
    this.precision = precision;
    tf = root.withSubScope("optimizer");
    gated = tf.withControlDependencies(before);
    learningRate = scheduled("optimizer.learning_rate");
    momentum = scheduled("optimizer.momentum");
    rate = readAfterAssign(learningRate);
    momentumValue = readAfterAssign(momentum);
  }

  /**
   * Builds the updates.
   *
   * @param groups the parameters with values of their own
   * @param state the registry to add slots and scheduled variables to
   * @param precision the number format in which the training computes
   * @param before the operations that must run before any variable changes
   * @param values each variable's value in the step
   * @param gradients the gradient of each of them
   */
  public static BuiltOptimizer build(
      Optimizer optimizer,
      List<ParameterGroup> groups,
      State state,
      Ops root,
      Precision precision,
      List<Op> before,
      Map<Variable, Operand<TFloat32>> values,
      Map<Variable, Operand<TFloat32>> gradients) {
    BuiltOptimizer built = new BuiltOptimizer(state, root, precision, before);
    optimizer
        .transform()
        .apply(built.tf, groups, values, gradients)
        .forEach(
            (variable, gradient) ->
                built.operations.add(
                    optimizer.update(
                        built.context(
                            optimizer.transform(),
                            ParameterGroup.of(groups, variable),
                            variable,
                            Objects.requireNonNull(values.get(variable)),
                            gradient))));
    return built;
  }

  /** Returns the update of one variable, with the values of its group, after decoupled decay. */
  private UpdateContext context(
      GradientTransform transform,
      ParameterGroup group,
      Variable variable,
      Operand<TFloat32> value,
      Operand<TFloat32> gradient) {
    Operand<TFloat32> ownRate =
        group.rate() == 1 ? rate : tf.math.mul(rate, tf.constant((float) group.rate()));
    Operand<TFloat32> ownMomentum =
        group.momentum().isEmpty()
            ? momentumValue
            : tf.constant((float) group.momentum().getAsDouble());
    Ops after = gated;
    double decay = transform.decoupledDecayOf(variable, group);
    if (decay > 0) {
      Operand<TFloat32> loss =
          gated.math.mul(value, gated.math.mul(ownRate, gated.constant((float) decay)));
      after = gated.withControlDependencies(gated.assignSubVariableOp(variable.handle(), loss));
    }
    double coupled = transform.coupledDecayOf(variable, group);
    return new UpdateContext(
        after,
        state,
        variable,
        value,
        gradient,
        coupled,
        ownRate,
        ownMomentum,
        this::stepValue,
        precision);
  }

  private Variable scheduled(String name) {
    return state.add(name, StateKind.SCHEDULED, Shape.scalar());
  }

  private Operand<TFloat32> readAfterAssign(Variable variable) {
    return tf.withControlDependencies(variable.assign())
        .readVariableOp(variable.handle(), TFloat32.class);
  }

  /** Counts the updates. Created lazily, because most optimizers do not use the number. */
  private Operand<TFloat32> stepValue() {
    if (stepValue == null) {
      Variable step = state.add("optimizer.step", StateKind.OPTIMIZER_SLOT, Shape.scalar());
      stepValue =
          gated
              .withControlDependencies(gated.assignAddVariableOp(step.handle(), gated.constant(1f)))
              .readVariableOp(step.handle(), TFloat32.class);
    }
    return stepValue;
  }

  /** Returns the learning rate of the step; which each run of the step assigns. */
  public Variable learningRate() {
    return learningRate;
  }

  /** Returns the momentum of the step; which each run of the step assigns. */
  public Variable momentum() {
    return momentum;
  }

  /** Returns the operation that runs the update. */
  public List<Op> operations() {
    return operations;
  }
}
