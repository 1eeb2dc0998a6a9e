package dev.lamina.optimizer;

import org.tensorflow.op.Op;

/**
 * How a gradient moves a variable. An optimizer is a value; {@link Updates} builds it into a graph
 * and gives it the learning rate and the momentum of the step.
 */
public interface Optimizer {
  /** The momentum (Adam: beta1) that holds where the schedule leaves it alone. */
  double momentum();

  /** What happens to the gradients first. */
  GradientRules rules();

  /** Adds the operation that updates one variable. */
  Op update(Update update);
}
