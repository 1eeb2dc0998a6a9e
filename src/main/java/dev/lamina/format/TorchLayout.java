package dev.lamina.format;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import org.tensorflow.ndarray.Shape;

/**
 * Conversion between the parameter layouts of TensorFlow and PyTorch. Only kernels differ, and the
 * order of what follows a flattened image, which {@link WeightsFile} converts: it is not to be seen
 * from one parameter.
 *
 * <table>
 * <caption>Shapes of kernels</caption>
 * <tr><th>layer</th><th>in TensorFlow</th><th>in PyTorch</th></tr>
 * <tr><td>convolution</td><td>[height, width, in, out]</td><td>[out, in, height, width]</td></tr>
 * <tr><td>dense</td><td>[in, out]</td><td>[out, in]</td></tr>
 * </table>
 */
public final class TorchLayout {
  private TorchLayout() {}

  /** The shape of a parameter in PyTorch. */
  public static long[] shape(Parameter parameter) {
    long[] shape = parameter.shape().asArray();
    if (isKernel(parameter)) {
      return shape.length == 4
          ? new long[] {shape[3], shape[2], shape[0], shape[1]}
          : new long[] {shape[1], shape[0]};
    }
    return shape;
  }

  /**
   * Converts values to PyTorch's layout.
   *
   * @param values the values in TensorFlow's layout
   */
  public static float[] toTorch(Parameter parameter, float[] values) {
    return copy(parameter, values, true);
  }

  /**
   * Converts values to TensorFlow's layout.
   *
   * @param values the values in PyTorch's layout
   */
  public static float[] fromTorch(Parameter parameter, float[] values) {
    return copy(parameter, values, false);
  }

  /**
   * Treats both kernels as rank 3: [height * width][in][out] in TensorFlow, [out][in][height *
   * width] in PyTorch. A dense kernel has height * width = 1.
   */
  private static float[] copy(Parameter parameter, float[] values, boolean toTorch) {
    checkArgument(
        values.length == parameter.size(),
        "%s must have %s values, got %s",
        parameter.name(),
        parameter.size(),
        values.length);
    if (!isKernel(parameter)) {
      return values.clone();
    }
    Shape shape = parameter.shape();
    int rank = shape.numDimensions();
    int out = Math.toIntExact(shape.get(rank - 1));
    int in = Math.toIntExact(shape.get(rank - 2));
    int area = values.length / (in * out);
    float[] copy = new float[values.length];
    int torch = 0;
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        for (int p = 0; p < area; p++, torch++) {
          int tensorFlow = (p * in + i) * out + o;
          copy[toTorch ? torch : tensorFlow] = values[toTorch ? tensorFlow : torch];
        }
      }
    }
    return copy;
  }

  private static boolean isKernel(Parameter parameter) {
    int rank = parameter.shape().numDimensions();
    return (parameter.role() == Role.KERNEL || parameter.role() == Role.FIXED)
        && (rank == 2 || rank == 4);
  }
}
