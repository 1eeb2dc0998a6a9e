package dev.lamina.graph;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TFloating;

/** Moves between "some floating-point tensor" and a tensor known to be float32. */
public final class Floats {
  private Floats() {}

  /** Forgets the precision. Operands are read only, so nothing can go wrong. */
  @SuppressWarnings("unchecked")
  public static Operand<TFloating> wide(Operand<? extends TFloating> operand) {
    return (Operand<TFloating>) operand;
  }

  /** The same numbers in another floating-point type; nothing is built where they have it. */
  public static Operand<TFloating> cast(
      Ops tf, Operand<TFloating> operand, Class<? extends TFloating> type) {
    return operand.type().equals(type) ? operand : wide(tf.dtypes.cast(operand, type));
  }

  /** Pixels scaled to [0, 1]: divided by 255 in float32, as PyTorch's ToTensor does. */
  public static Operand<TFloat32> scaled(Ops tf, Operand<TUint8> pixels) {
    return tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f));
  }

  /**
   * Asserts float32.
   *
   * @throws IllegalArgumentException where the operand is of another type
   */
  public static Operand<TFloat32> float32(Operand<? extends TFloating> operand) {
    return operand.asOutput().expect(TFloat32.class);
  }
}
