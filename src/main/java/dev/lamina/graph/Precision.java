package dev.lamina.graph;

import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * The number format that convolutions, and what lies between them, compute in during training.
 * Weights, gradients as the optimizer sees them, batch statistics, the classifier, softmax and loss
 * are float32 always (mixed precision, Micikevicius et al., arXiv 1710.03740). On processors so are
 * operations that are slower in 16 bits ({@link Device#upcastsSlowKernels}).
 */
public enum Precision {
  /** 32 bits: 8 of exponent, 23 of fraction. */
  FLOAT32(TFloat32.class),
  /**
   * 16 bits: 8 of exponent, 7 of fraction. The range is float32's, so that no scaling of the loss
   * is needed. Fast where the processor has instructions for it; many times slower elsewhere.
   */
  BFLOAT16(TBfloat16.class),
  /**
   * 16 bits: 5 of exponent, 10 of fraction. For GPUs; slow on processors. Small gradients would
   * underflow, so the loss is multiplied by a scale that adapts to them, and a step whose gradients
   * overflow is repeated with a smaller one.
   */
  FLOAT16(TFloat16.class);

  private final Class<? extends TFloating> type;

  Precision(Class<? extends TFloating> type) {
    this.type = type;
  }

  /** Returns the type of the tensors. */
  public Class<? extends TFloating> type() {
    return type;
  }
}
