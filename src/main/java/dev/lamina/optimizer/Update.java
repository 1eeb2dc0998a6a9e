package dev.lamina.optimizer;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * One variable's update, as an optimizer is given it.
 *
 * @param tf the operations to build it from
 * @param variable the variable
 * @param value its value before the step
 * @param gradient its gradient, clipped and with weight decay
 * @param learningRate the learning rate of the step, a scalar
 * @param momentum the momentum of the step, a scalar
 * @param step the number of the step counted from 1, a scalar
 * @param session where slots are kept
 * @param slots collects the slots
 */
public record Update(
    Ops tf,
    Variable variable,
    Operand<TFloat32> value,
    Operand<TFloat32> gradient,
    Operand<TFloat32> learningRate,
    Operand<TFloat32> momentum,
    Operand<TFloat32> step,
    GraphSession session,
    List<Variable> slots) {

  /** A variable that the optimizer keeps beside this one, of the same shape, 0 at the start. */
  public Variable slot(String name) {
    Variable slot =
        session.createOrGet(
            "optimizer." + name + "." + variable.name(),
            Parameter.of(name, variable.parameter().shape(), Role.STATISTIC, Initializer.zeros()));
    slots.add(slot);
    return slot;
  }
}
