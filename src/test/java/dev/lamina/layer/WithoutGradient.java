package dev.lamina.layer;

import java.util.List;

/** Layers that networks can predict with, and cannot be trained through. */
public final class WithoutGradient {
  /** It has an operation without a gradient. */
  public static final Lambda ONES = Lambda.of("ones", (tf, x) -> tf.math.mul(x, tf.onesLike(x)));

  /** It lets no gradient through. */
  public static final Lambda STOP = Lambda.of("stop", (tf, x) -> tf.stopGradient(x));

  /** Its gradient is wrong in TensorFlow. It takes and gives two channels. */
  public static final Lambda DILATED =
      Lambda.of(
          "dilated",
          (tf, x) ->
              tf.nn.conv2d(
                  x,
                  tf.constant(new float[3][3][2][2]),
                  List.of(1L, 1L, 1L, 1L),
                  "SAME",
                  org.tensorflow.op.nn.Conv2d.dilations(List.of(1L, 2L, 2L, 1L))));

  private WithoutGradient() {}
}
