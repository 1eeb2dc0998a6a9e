package dev.lamina.step;

import dev.lamina.graph.GraphSession;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.SwitchCond;
import org.tensorflow.types.TFloat32;

/**
 * The check that the loss and every gradient are finite. What a step changes, it changes after the
 * gate.
 *
 * <p>On a single device the gate fails the run. Among workers it may not: a run that fails breaks
 * those that other workers are in. There the gate is a dead branch, so that nothing after it runs,
 * and the run returns what was found.
 *
 * @param gate the operation that ends only if all is finite
 * @param found [loss, half the sum of the squares of all gradients], to be fetched; null if the
 *     gate fails the run
 */
record FiniteCheck(Op gate, @Nullable Operand<TFloat32> found) {
  private static final String LOSS_NOT_FINITE = "lamina: the loss is not finite";
  private static final String GRADIENT_NOT_FINITE = "lamina: a gradient is not finite";

  /** A step that is not finite, and has changed nothing. */
  static final class NotFinite extends Exception {
    private static final long serialVersionUID = 1;
    private final boolean lossIsFinite;

    NotFinite(boolean lossIsFinite, @Nullable Throwable cause) {
      super(lossIsFinite ? GRADIENT_NOT_FINITE : LOSS_NOT_FINITE, cause);
      this.lossIsFinite = lossIsFinite;
    }

    /** Returns whether only gradients are not finite, which a smaller scale may help. */
    boolean overflow() {
      return lossIsFinite;
    }
  }

  /** Returns the check for what all devices apply. */
  static FiniteCheck of(GraphSession session, Ops tf, Contribution exchanged) {
    return session.cluster().isPresent() ? returning(tf, exchanged) : failing(tf, exchanged);
  }

  /** Returns a check that fails the run, by the loss first. */
  private static FiniteCheck failing(Ops tf, Contribution exchanged) {
    Operand<TFloat32> loss = tf.debugging.checkNumerics(exchanged.loss(), LOSS_NOT_FINITE);
    return new FiniteCheck(
        tf.debugging.checkNumerics(norm(tf, loss, exchanged), GRADIENT_NOT_FINITE), null);
  }

  /** Returns a check that lets the run end. */
  private static FiniteCheck returning(Ops tf, Contribution exchanged) {
    Operand<TFloat32> norm = norm(tf, exchanged.loss(), exchanged);
    SwitchCond<TFloat32> branches = tf.switchCond(norm, tf.math.isFinite(norm));
    return new FiniteCheck(
        tf.identity(branches.outputTrue()), tf.stack(List.of(exchanged.loss(), norm)));
  }

  /** Half the sum of squares is finite only if every gradient is. */
  private static Operand<TFloat32> norm(Ops tf, Operand<TFloat32> loss, Contribution exchanged) {
    List<Operand<TFloat32>> norms = new ArrayList<>();
    norms.add(loss);
    exchanged.gradients().values().forEach(gradient -> norms.add(tf.nn.l2Loss(gradient)));
    return tf.math.addN(norms);
  }

  /** Makes a run return what was found. */
  void fetch(Session.Runner runner) {
    if (found != null) {
      runner.fetch(found);
    }
  }

  /**
   * Checks what a run has returned; closes it if it has changed nothing.
   *
   * @throws NotFinite if it has changed nothing
   */
  void check(Result result) throws NotFinite {
    if (found != null) {
      TFloat32 values = (TFloat32) result.get(0);
      boolean lossIsFinite = Float.isFinite(values.getFloat(0));
      if (!lossIsFinite || !Float.isFinite(values.getFloat(1))) {
        result.close();
        throw new NotFinite(lossIsFinite, null);
      }
    }
  }

  /**
   * Checks whether a run failed because of the gate.
   *
   * @throws NotFinite if it did
   */
  void check(TFInvalidArgumentException failure) throws NotFinite {
    String message = String.valueOf(failure.getMessage());
    if (message.contains(LOSS_NOT_FINITE) || message.contains(GRADIENT_NOT_FINITE)) {
      throw new NotFinite(!message.contains(LOSS_NOT_FINITE), failure);
    }
  }
}
