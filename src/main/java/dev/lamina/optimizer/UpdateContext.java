package dev.lamina.optimizer;

import dev.lamina.graph.Precision;
import dev.lamina.graph.State;
import dev.lamina.graph.StateKind;
import dev.lamina.graph.Variable;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The update of one variable, as an {@link Optimizer} builds it: the values that it may read, and
 * its state.
 */
public final class UpdateContext {
  private final Ops tf;
  private final State state;
  private final Variable variable;
  private final Operand<TFloat32> value;
  private final Operand<TFloat32> gradient;
  private final double weightDecay;
  private final Operand<TFloat32> learningRate;
  private final Operand<TFloat32> momentum;
  private final Supplier<Operand<TFloat32>> step;
  private final Precision precision;

  UpdateContext(
      Ops tf,
      State state,
      Variable variable,
      Operand<TFloat32> value,
      Operand<TFloat32> gradient,
      double weightDecay,
      Operand<TFloat32> learningRate,
      Operand<TFloat32> momentum,
      Supplier<Operand<TFloat32>> step,
      Precision precision) {
    this.tf = tf;
    this.state = state;
    this.variable = variable;
    this.value = value;
    this.gradient = gradient;
    this.weightDecay = weightDecay;
    this.learningRate = learningRate;
    this.momentum = momentum;
    this.step = step;
    this.precision = precision;
  }

  /** Returns this update with another gradient. */
  UpdateContext withGradient(Operand<TFloat32> gradient) {
    return new UpdateContext(
        tf, state, variable, value, gradient, weightDecay, learningRate, momentum, step, precision);
  }

  /**
   * Returns the operations to build the update from. They run only after the gradients are known to
   * be finite; an update must use only these.
   */
  public Ops tf() {
    return tf;
  }

  /** Returns the variable to update. */
  public Variable variable() {
    return variable;
  }

  /**
   * Returns the variable's value before the step. The variable itself has lost its decoupled weight
   * decay already: an update must subtract from it, not assign what it computes from this value.
   */
  public Operand<TFloat32> value() {
    return value;
  }

  /** Returns the variable's gradient, clipped and with weight decay unless that is decoupled. */
  public Operand<TFloat32> gradient() {
    return gradient;
  }

  /**
   * Returns the factor of the value that is part of the gradient; 0 if weight decay is decoupled.
   */
  public double weightDecay() {
    return weightDecay;
  }

  /** Returns the variable's learning rate of the step, a scalar. */
  public Operand<TFloat32> learningRate() {
    return learningRate;
  }

  /** Returns the variable's momentum of the step, a scalar. */
  public Operand<TFloat32> momentum() {
    return momentum;
  }

  /**
   * Returns how many updates the optimizer has made with this one, a scalar: 1 in the first one
   * after its state was new, whatever number the step has.
   */
  public Operand<TFloat32> step() {
    return step.get();
  }

  /** Returns the number format in which the training computes; the gradient is float32 always. */
  public Precision precision() {
    return precision;
  }

  /**
   * Returns a state variable of the optimizer for this variable: of the same shape, initially 0,
   * stored in checkpoints.
   *
   * @param name its name, such as {@code velocity}
   */
  public Variable slot(String name) {
    return state.add(
        "optimizer." + name + "." + variable.name(),
        StateKind.OPTIMIZER_SLOT,
        variable.parameter().shape());
  }
}
