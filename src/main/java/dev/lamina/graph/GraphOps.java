package dev.lamina.graph;

import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;

/** The operations of a graph, and what {@link Ops} lacks for them. */
public final class GraphOps {
  private GraphOps() {}

  /** Returns the operations of a graph, at the root of its names. */
  public static Ops of(Graph graph) {
    return GraphScope.ops(graph);
  }

  /** Returns the graph that operations are added to. */
  public static Graph graph(Ops tf) {
    return (Graph) tf.scope().env();
  }

  /** Returns the builder of an operation that {@link Ops} lacks, with its inputs. */
  public static OperationBuilder builder(Ops tf, String type, Operand<?>... inputs) {
    OperationBuilder builder = tf.scope().opBuilder(type, type);
    for (Operand<?> input : inputs) {
      builder.addInput(input.asOutput());
    }
    return builder;
  }
}
