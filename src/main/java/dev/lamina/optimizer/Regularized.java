package dev.lamina.optimizer;

import dev.lamina.graph.GraphOps;
import dev.lamina.graph.Role;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.framework.regularizers.L1L2;
import org.tensorflow.framework.regularizers.Regularizer;
import org.tensorflow.op.Op;
import org.tensorflow.types.TFloat32;

/**
 * An optimizer that also minimises a penalty on the kernels: a regularizer of TensorFlow Java's
 * framework library ({@code org.tensorflow.framework.regularizers}), or a lambda.
 *
 * <pre>{@code
 * Optimizer sparse = Regularized.of(MomentumOptimizer.of(0.9), new L1(1e-5f));
 * }</pre>
 *
 * <p>The gradient of the penalty of each kernel is added to the kernel's gradient after clipping
 * and weight decay, {@code g = g + d penalty(w) / dw}; biases and normalisation parameters have no
 * penalty. The penalty is not part of the loss that is reported. {@code new L2(c)}, a penalty of
 * {@code c * sum(w^2)}, is the same as a weight decay of 2c for kernels only, which is cheaper.
 *
 * @param optimizer updates the weights
 * @param regularizer computes the penalty, a scalar, of a kernel
 */
public record Regularized(Optimizer optimizer, Regularizer regularizer) implements Optimizer {

  /** Returns the optimizer with a penalty on the kernels. */
  public static Regularized of(Optimizer optimizer, Regularizer regularizer) {
    return new Regularized(optimizer, regularizer);
  }

  /** With the numbers of the framework's regularizers, which have no text of their own. */
  @Override
  public String toString() {
    return "Regularized[optimizer=%s, regularizer=%s]"
        .formatted(
            optimizer,
            regularizer instanceof L1L2 both
                ? "%s(l1=%s, l2=%s)"
                    .formatted(both.getClass().getName(), both.getL1(), both.getL2())
                : regularizer);
  }

  @Override
  public double momentum() {
    return optimizer.momentum();
  }

  @Override
  public GradientTransform transform() {
    return optimizer.transform();
  }

  @Override
  public Op update(UpdateContext update) {
    if (update.variable().parameter().role() != Role.KERNEL) {
      return optimizer.update(update);
    }
    Operand<TFloat32> penalty = regularizer.call(update.tf(), update.value());
    Output<TFloat32> slope =
        GraphOps.graph(update.tf())
            .addGradients(penalty.asOutput(), new Output<?>[] {update.value().asOutput()})[0]
            .expect(TFloat32.class);
    return optimizer.update(update.withGradient(update.tf().math.add(update.gradient(), slope)));
  }
}
