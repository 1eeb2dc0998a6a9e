package dev.lamina.step;

import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import java.util.List;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;

/** Operations that run in every step, after its update, such as an average of the weights. */
@FunctionalInterface
public interface AfterUpdate {
  /**
   * Adds the operations to the graph of the step.
   *
   * @param tf operations that run after the update: a read sees the new weights
   * @param state the registry to add variables to, which checkpoints store
   * @param weights the weights and running statistics of the network
   * @return the operations to run in every step
   */
  List<Op> build(Ops tf, State state, List<Variable> weights);
}
