package dev.lamina.format;

import dev.lamina.data.Resize;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * A {@link Resize} as operations. Each scaling is a product with a matrix of whole numbers;
 * products and sums are exact in float32, so the result has the same bits as {@link Resize} in
 * Java.
 */
final class ResizeGraph {
  private final Ops tf;
  private final Resize resize;

  ResizeGraph(Ops tf, Resize resize) {
    this.tf = tf;
    this.resize = resize;
  }

  /** Resizes one image, uint8 [height, width, 3], to the same form. */
  Operand<TUint8> apply(Operand<TUint8> image) {
    Operand<TInt64> shape = tf.dtypes.cast(tf.shape(image), TInt64.class);
    Operand<TInt64> height = tf.gather(shape, tf.constant(0), tf.constant(0));
    Operand<TInt64> width = tf.gather(shape, tf.constant(1), tf.constant(0));
    Operand<TFloat32> columns = matrix(width, height, resize.width(), resize.height());
    Operand<TFloat32> rows = matrix(height, width, resize.height(), resize.width());
    Operand<TUint8> narrow = along(columns, transposed(image), width, height);
    Operand<TUint8> turned =
        tf.reshape(narrow, tf.stack(List.of(number(resize.width()), height, number(3))));
    Operand<TUint8> result = along(rows, transposed(turned), height, number(resize.width()));
    return tf.reshape(result, tf.constant(new int[] {resize.height(), resize.width(), 3}));
  }

  private Operand<TUint8> transposed(Operand<TUint8> image) {
    return tf.linalg.transpose(image, tf.constant(new int[] {1, 0, 2}));
  }

  /**
   * Scales the first axis of an image.
   *
   * @return [to, other * 3]
   */
  private Operand<TUint8> along(
      Operand<TFloat32> matrix,
      Operand<TUint8> image,
      Operand<TInt64> from,
      Operand<TInt64> other) {
    Operand<TFloat32> flat =
        tf.dtypes.cast(
            tf.reshape(image, tf.stack(List.of(from, tf.math.mul(other, number(3))))),
            TFloat32.class);
    Operand<TFloat32> sums = tf.linalg.matMul(matrix, flat);
    float one = Resize.WEIGHTS_SUM;
    Operand<TFloat32> levels =
        tf.math.floor(tf.math.mul(tf.math.add(sums, tf.constant(one / 2)), tf.constant(1 / one)));
    return tf.dtypes.cast(tf.clipByValue(levels, tf.constant(0f), tf.constant(255f)), TUint8.class);
  }

  /** Returns the weights of input pixels, [to, from]; whole numbers. */
  private Operand<TFloat32> matrix(
      Operand<TInt64> from, Operand<TInt64> otherFrom, int to, int otherTo) {
    Operand<TInt64> scaled = scaled(from, otherFrom, to, otherTo);
    Operand<TInt64> at =
        tf.math.add(tf.range(number(0), number(to), number(1)), offset(scaled, to));
    Operand<TBool> inside =
        tf.math.logicalAnd(tf.math.greaterEqual(at, number(0)), tf.math.less(at, scaled));
    Operand<TFloat64> scale = tf.math.div(real(from), real(scaled));
    Operand<TFloat64> filterScale = tf.math.maximum(scale, tf.constant(1.0));
    Operand<TFloat64> center = tf.math.mul(tf.math.add(real(at), tf.constant(0.5)), scale);
    Operand<TFloat64> x = real(tf.range(number(0), from, number(1)));
    Operand<TFloat64> distance =
        tf.math.mul(
            tf.math.add(
                tf.math.sub(
                    tf.expandDims(x, tf.constant(0)), tf.expandDims(center, tf.constant(1))),
                tf.constant(0.5)),
            tf.math.div(tf.constant(1.0), filterScale));
    Operand<TFloat64> values =
        tf.math.rint(tf.math.mul(filter(tf.math.abs(distance)), tf.constant(Resize.FILTER_STEPS)));
    Operand<TFloat64> sum =
        tf.math.maximum(
            tf.reduceSum(values, tf.constant(1), ReduceSum.keepDims(true)), tf.constant(1.0));
    Operand<TFloat64> weights =
        tf.math.rint(
            tf.math.mul(values, tf.math.div(tf.constant((double) Resize.WEIGHTS_SUM), sum)));
    Operand<TFloat64> mask = tf.expandDims(tf.dtypes.cast(inside, TFloat64.class), tf.constant(1));
    return tf.dtypes.cast(tf.math.mul(weights, mask), TFloat32.class);
  }

  private Operand<TFloat64> filter(Operand<TFloat64> x) {
    Operand<TFloat64> near =
        resize.filter() == Resize.Filter.BILINEAR
            ? tf.math.sub(tf.constant(1.0), x)
            : tf.math.add(
                tf.math.mul(
                    tf.math.mul(tf.math.sub(tf.math.mul(tf.constant(1.5), x), tf.constant(2.5)), x),
                    x),
                tf.constant(1.0));
    Operand<TFloat64> far =
        resize.filter() == Resize.Filter.BILINEAR
            ? tf.zerosLike(x)
            : tf.math.add(
                tf.math.mul(
                    tf.math.sub(
                        tf.math.mul(
                            tf.math.add(tf.math.mul(tf.constant(-0.5), x), tf.constant(2.5)), x),
                        tf.constant(4.0)),
                    x),
                tf.constant(2.0));
    Operand<TFloat64> beyond = tf.zerosLike(x);
    return tf.select(
        tf.math.less(x, tf.constant(1.0)),
        near,
        tf.select(tf.math.less(x, tf.constant(2.0)), far, beyond));
  }

  private Operand<TInt64> scaled(
      Operand<TInt64> from, Operand<TInt64> otherFrom, int to, int otherTo) {
    return switch (resize.mode()) {
      case STRETCH -> number(to);
      case COVER -> covering(from, otherFrom, resize.beforeCrop(to), resize.beforeCrop(otherTo));
      case PAD ->
          tf.select(
              tf.math.logicalAnd(
                  tf.math.lessEqual(from, number(to)),
                  tf.math.lessEqual(otherFrom, number(otherTo))),
              from,
              covering(from, otherFrom, to, otherTo));
      case FIT ->
          tf.select(
              tf.math.lessEqual(
                  tf.math.mul(number(to), otherFrom), tf.math.mul(number(otherTo), from)),
              number(to),
              tf.math.maximum(
                  number(1),
                  tf.math.floorDiv(
                      tf.math.add(tf.math.mul(number(2L * otherTo), from), otherFrom),
                      tf.math.mul(number(2), otherFrom))));
    };
  }

  private Operand<TInt64> covering(
      Operand<TInt64> from, Operand<TInt64> otherFrom, int to, int otherTo) {
    return tf.select(
        tf.math.greaterEqual(
            tf.math.mul(number(to), otherFrom), tf.math.mul(number(otherTo), from)),
        number(to),
        tf.math.maximum(
            number(to), tf.math.floorDiv(tf.math.mul(number(otherTo), from), otherFrom)));
  }

  private Operand<TInt64> offset(Operand<TInt64> scaled, int to) {
    Operand<TInt64> surplus = tf.math.sub(scaled, number(to));
    Operand<TInt64> crop =
        tf.dtypes.cast(tf.math.rint(tf.math.mul(real(surplus), tf.constant(0.5))), TInt64.class);
    Operand<TInt64> pad = tf.math.neg(tf.math.floorDiv(tf.math.neg(surplus), number(2)));
    return tf.select(tf.math.greater(surplus, number(0)), crop, pad);
  }

  private Operand<TInt64> number(long value) {
    return tf.constant(value);
  }

  private Operand<TFloat64> real(Operand<TInt64> value) {
    return tf.dtypes.cast(value, TFloat64.class);
  }
}
