package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TFloating;

/** Converts between tensors of any floating-point type and tensors of a known one. */
public final class Floats {
  private Floats() {}

  /** Upcasts an operand to one of any floating-point type. Safe, because operands are read-only. */
  @SuppressWarnings("unchecked")
  public static Operand<TFloating> asFloating(Operand<? extends TFloating> operand) {
    return (Operand<TFloating>) operand;
  }

  /** Casts to another floating-point type; returns the operand itself if it has that type. */
  public static Operand<TFloating> cast(
      Ops tf, Operand<TFloating> operand, Class<? extends TFloating> type) {
    return operand.type().equals(type) ? operand : asFloating(tf.dtypes.cast(operand, type));
  }

  /** Scales pixels to [0, 1]: divides by 255 in float32, as PyTorch's ToTensor does. */
  public static Operand<TFloat32> scaled(Ops tf, Operand<TUint8> pixels) {
    return tf.math.div(tf.dtypes.cast(pixels, TFloat32.class), tf.constant(255f));
  }

  /**
   * Returns what a function has computed, which must be one number for each example.
   *
   * @param name the function in the message
   * @throws IllegalArgumentException if it is known to have another rank, or another number of
   *     values than the batch, whose size a graph does not know
   */
  public static Operand<TFloat32> expectOnePerExample(String name, Operand<TFloat32> values) {
    Shape shape = values.shape();
    checkArgument(
        shape.isUnknown() || (shape.numDimensions() == 1 && shape.hasUnknownDimension()),
        "%s must give one number for each example, got shape %s; take the mean over the classes alone",
        name,
        shape);
    return values;
  }

  /**
   * Returns an operand as float32.
   *
   * @throws IllegalArgumentException if the operand is of another type
   */
  public static Operand<TFloat32> expectFloat32(Operand<? extends TFloating> operand) {
    return operand.asOutput().expect(TFloat32.class);
  }
}
