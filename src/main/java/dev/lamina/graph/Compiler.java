package dev.lamina.graph;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetXlaEnableLazyCompilation;

import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** XLA, TensorFlow's compiler, for the operations of {@link Fused}. */
final class Compiler {
  private static boolean prepared;

  private Compiler() {}

  /**
   * Prepares it, once a process, before the first run of a graph that it compiles a part of.
   *
   * <p>It is told to compile every size of a batch at once. Otherwise it takes one size at once,
   * and others when they come again: a resumed run would compute its first short batch without it,
   * and round otherwise than the run that was not interrupted.
   *
   * <p>What it writes to standard error when it compiles for the first time is hidden: it compiles
   * something here.
   */
  static synchronized void prepare(Device device) {
    if (prepared) {
      return;
    }
    prepared = true;
    TF_SetXlaEnableLazyCompilation((byte) 0);
    try {
      NativeLog.quietly(() -> compile(device));
    } catch (TensorFlowException e) {
      // Who needs it meets its error.
    }
  }

  private static boolean compile(Device device) {
    try (Graph graph = new Graph();
        Session session = new Session(graph, device.config());
        TFloat32 value = TFloat32.scalarOf(1)) {
      Ops tf = GraphOps.of(graph);
      // What follows from a constant is computed beforehand, without it.
      Placeholder<TFloat32> x = tf.placeholder(TFloat32.class);
      Operand<?> y = new Fused(tf, true, "first").op("Neg", x);
      session.runner().feed(x, value).fetch(y).run().close();
    }
    return true;
  }
}
