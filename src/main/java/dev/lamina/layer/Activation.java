package dev.lamina.layer;

import dev.lamina.graph.Backward;
import dev.lamina.graph.Context;
import dev.lamina.graph.Fused;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * An elementwise activation function, except for softmax, which normalises along the last
 * dimension. The output has the shape of the input.
 */
public enum Activation implements Layer {
  /** max(x, 0). */
  RELU {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.nn.relu(x);
    }

    /** Computes the gradient from the output. TensorFlow's own uses the input: both stay alive. */
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      Operand<TFloating> y = super.apply(context, x);
      Backward backward = context.backward();
      if (backward.isCheckpoint(x)) {
        backward.checkpoint(y, after -> super.apply(context, backward.rematerialized(x, after)));
      }
      return backward.withGradient(
          List.of(x),
          y,
          dy -> List.of(context.tf().nn.reluGrad(dy, backward.rematerialized(y, dy))));
    }
  },
  /** x if x is positive, else 0.01 x, as in PyTorch. */
  LEAKY_RELU {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.nn.leakyRelu(x, org.tensorflow.op.nn.LeakyRelu.alpha(0.01f));
    }
  },
  /** x if x is positive, else exp(x) - 1 (arXiv 1511.07289). */
  ELU {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.nn.elu(x);
    }
  },
  /** x * Phi(x) with the normal distribution's Phi, by the error function (arXiv 1606.08415). */
  GELU {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      Operand<TFloating> half = number(tf, x, 0.5);
      Operand<TFloating> erf = tf.math.erf(tf.math.mul(x, number(tf, x, Math.sqrt(0.5))));
      return tf.math.mul(tf.math.mul(x, half), tf.math.add(erf, number(tf, x, 1)));
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      Backward backward = context.backward();
      Fused forward = Fused.of(context, "forward");
      return backward.withGradient(
          List.of(x),
          forward.mul(x, phi(forward, x)),
          dy -> List.of(geluGradient(context, backward.rematerialized(x, dy), dy)));
    }
  },
  /** {@link #GELU} with Phi approximated by tanh (arXiv 1606.08415, section 2). */
  GELU_TANH {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      Operand<TFloating> cube = tf.math.mul(tf.math.square(x), x);
      Operand<TFloating> inner = tf.math.add(x, tf.math.mul(cube, number(tf, x, 0.044715)));
      Operand<TFloating> tanh =
          tf.math.tanh(tf.math.mul(inner, number(tf, x, Math.sqrt(2 / Math.PI))));
      return tf.math.mul(tf.math.mul(x, number(tf, x, 0.5)), tf.math.add(tanh, number(tf, x, 1)));
    }
  },
  /** x * sigmoid(x), also called swish (arXiv 1702.03118). */
  SILU {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.math.mul(x, tf.math.sigmoid(x));
    }
  },
  /** 1 / (1 + exp(-x)). */
  SIGMOID {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.math.sigmoid(x);
    }
  },
  /** min(max(x + 3, 0), 6) / 6, as in PyTorch (arXiv 1905.02244). */
  HARD_SIGMOID {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      Operand<TFloating> cut = tf.nn.relu6(tf.math.add(x, number(tf, x, 3)));
      return tf.math.mul(cut, number(tf, x, 1.0 / 6));
    }
  },
  /** x * hardSigmoid(x) (Howard et al., arXiv 1905.02244). */
  HARD_SWISH {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.math.mul(x, HARD_SIGMOID.apply(tf, x));
    }
  },
  /** The hyperbolic tangent. */
  TANH {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.math.tanh(x);
    }
  },
  /** exp(x) over the sum of exp(x) along the last dimension. */
  SOFTMAX {
    @Override
    Operand<TFloating> apply(Ops tf, Operand<TFloating> x) {
      return tf.nn.softmax(x);
    }
  };

  abstract Operand<TFloating> apply(Ops tf, Operand<TFloating> x);

  /** The normal distribution's Phi, by the error function. */
  private static Operand<TFloating> phi(Fused ops, Operand<TFloating> x) {
    return ops.mul(ops.add(ops.op("Erf", ops.mul(x, Math.sqrt(0.5))), 1), 0.5);
  }

  /** dy (Phi(x) + x phi(x)), where phi is the derivative of Phi: the density. */
  private static Operand<TFloating> geluGradient(
      Context context, Operand<TFloating> x, Operand<TFloating> dy) {
    Fused ops = Fused.of(context, "backward");
    Operand<TFloating> density =
        ops.mul(ops.op("Exp", ops.mul(ops.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return ops.mul(dy, ops.add(phi(ops, x), ops.mul(x, density)));
  }

  private static Operand<TFloating> number(Ops tf, Operand<TFloating> like, double value) {
    return tf.constant(like.type(), value);
  }

  @Override
  public Shape outputShape(Shape input) {
    return input;
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return this != SOFTMAX;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return apply(context.tf(), input);
  }

  @Override
  public String kind() {
    return name();
  }
}
