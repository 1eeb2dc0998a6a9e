package dev.lamina.graph;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** Moves between "some floating-point tensor" and a tensor known to be float32. */
public final class Floats {
  private Floats() {}

  /** Forgets the precision. Operands are read only, so nothing can go wrong. */
  @SuppressWarnings("unchecked")
  public static Operand<TFloating> wide(Operand<? extends TFloating> operand) {
    return (Operand<TFloating>) operand;
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
