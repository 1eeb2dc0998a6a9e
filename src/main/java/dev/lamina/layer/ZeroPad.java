package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * Zero padding: adds a border of zeros to an image.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, channels]</td></tr>
 * <tr><td>output</td><td>[top + height + bottom, left + width + right, channels]</td></tr>
 * </table>
 *
 * @param top the rows added above
 * @param bottom the rows added below
 * @param left the columns added on the left
 * @param right the columns added on the right
 */
public record ZeroPad(int top, int bottom, int left, int right) implements Layer {
  /** Checks that no side is negative. */
  public ZeroPad {
    checkArgument(top >= 0, "top must not be negative, got %s", top);
    checkArgument(bottom >= 0, "bottom must not be negative, got %s", bottom);
    checkArgument(left >= 0, "left must not be negative, got %s", left);
    checkArgument(right >= 0, "right must not be negative, got %s", right);
  }

  /** Returns a padding with the same border on every side. */
  public static ZeroPad of(int border) {
    return new ZeroPad(border, border, border, border);
  }

  /** Returns this layer with another number of rows above. */
  public ZeroPad top(int top) {
    return new ZeroPad(top, bottom, left, right);
  }

  /** Returns this layer with another number of rows below. */
  public ZeroPad bottom(int bottom) {
    return new ZeroPad(top, bottom, left, right);
  }

  /** Returns this layer with another number of columns on the left. */
  public ZeroPad left(int left) {
    return new ZeroPad(top, bottom, left, right);
  }

  /** Returns this layer with another number of columns on the right. */
  public ZeroPad right(int right) {
    return new ZeroPad(top, bottom, left, right);
  }

  @Override
  public Shape outputShape(Shape input) {
    Shapes.checkImage("ZeroPad", input);
    return Shape.of(top + input.get(0) + bottom, left + input.get(1) + right, input.get(2));
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Ops tf = context.tf();
    return tf.pad(
        input,
        tf.constant(new int[][] {{0, 0}, {top, bottom}, {left, right}, {0, 0}}),
        tf.constant(input.type(), 0));
  }
}
