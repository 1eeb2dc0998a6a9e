package dev.lamina.layer;

import dev.lamina.graph.Backward;
import dev.lamina.graph.Context;
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
    /** Computes the gradient from the output. TensorFlow's own uses the input: both stay alive. */
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      Operand<TFloating> y = context.tf().nn.relu(x);
      Backward backward = context.backward();
      if (backward.isCheckpoint(x)) {
        backward.checkpoint(y, after -> context.tf().nn.relu(backward.rematerialized(x, after)));
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
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return context.tf().nn.leakyRelu(x, org.tensorflow.op.nn.LeakyRelu.alpha(0.01f));
    }
  },
  /** x if x is positive, else exp(x) - 1 (arXiv 1511.07289). */
  ELU {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return context.tf().nn.elu(x);
    }
  },
  /** x * Phi(x) with the normal distribution's Phi, by the error function (arXiv 1606.08415). */
  GELU {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return ElementwiseFunction.GELU.apply(context, x);
    }
  },
  /** {@link #GELU} with Phi approximated by tanh (arXiv 1606.08415, section 2). */
  GELU_TANH {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      Ops tf = context.tf();
      // Beyond 10, where the result of tanh is 1, the square is too large for 16 bits.
      Operand<TFloating> near =
          tf.math.minimum(tf.math.maximum(x, number(tf, x, -10)), number(tf, x, 10));
      Operand<TFloating> cube = tf.math.mul(tf.math.square(near), near);
      Operand<TFloating> inner = tf.math.add(near, tf.math.mul(cube, number(tf, x, 0.044715)));
      Operand<TFloating> tanh =
          tf.math.tanh(tf.math.mul(inner, number(tf, x, Math.sqrt(2 / Math.PI))));
      return tf.math.mul(tf.math.mul(x, number(tf, x, 0.5)), tf.math.add(tanh, number(tf, x, 1)));
    }
  },
  /** x * sigmoid(x), also called swish (arXiv 1702.03118). */
  SILU {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return ElementwiseFunction.SILU.apply(context, x);
    }
  },
  /** 1 / (1 + exp(-x)). */
  SIGMOID {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return context.tf().math.sigmoid(x);
    }
  },
  /** min(max(x + 3, 0), 6) / 6, as in PyTorch (arXiv 1905.02244). */
  HARD_SIGMOID {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      Ops tf = context.tf();
      Operand<TFloating> cut = tf.nn.relu6(tf.math.add(x, number(tf, x, 3)));
      return tf.math.mul(cut, number(tf, x, 1.0 / 6));
    }
  },
  /** x * hardSigmoid(x) (Howard et al., arXiv 1905.02244). */
  HARD_SWISH {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return ElementwiseFunction.HARD_SWISH.apply(context, x);
    }
  },
  /** The hyperbolic tangent. */
  TANH {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return context.tf().math.tanh(x);
    }
  },
  /** exp(x) over the sum of exp(x) along the last dimension. */
  SOFTMAX {
    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      return context.tf().nn.softmax(x);
    }
  };

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
  public String kind() {
    return name();
  }
}
