package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Backward;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphOps;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BinaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.index.Index;
import org.tensorflow.ndarray.index.Indices;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * A two-dimensional convolution (cross-correlation, as in PyTorch and Keras).
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, in]</td></tr>
 * <tr><td>weight</td><td>[kernel, kernel, in / groups, filters]</td></tr>
 * <tr><td>bias</td><td>[filters]</td></tr>
 * <tr><td>output</td><td>[height', width', filters]; same: ceil(height / stride), valid: floor((height - kernel) / stride) + 1, half: floor((height + 2 floor(kernel / 2) - kernel) / stride) + 1</td></tr>
 * </table>
 *
 * @param filters the number of output channels
 * @param kernel the height and width of the kernel
 * @param stride the step of the window; 1 unless set
 * @param padding how the border is treated; {@link Padding#SAME} unless set
 * @param groups the number of groups that input and output channels are divided into; 1 unless set
 * @param bias whether a bias is added; true unless set
 * @param initializer the initial weights; {@link Initializer#fanInUniform()} (PyTorch's default)
 *     unless set
 * @param biasInitializer the initial biases; {@link Initializer#fanInUniform()} unless set
 */
public record Conv2d(
    int filters,
    int kernel,
    int stride,
    Padding padding,
    int groups,
    boolean bias,
    Initializer initializer,
    Initializer biasInitializer)
    implements Layer {

  private static final String DEPTHWISE = "DepthwiseConv2dNative";

  private static final Initializer DEFAULT = Initializer.fanInUniform();

  /**
   * With fewer input channels than a vector register has floats (16 with AVX-512, 8 with AVX2),
   * oneDNN's weight gradient of a strided 1x1 convolution is wrong and writes past the end of its
   * buffer. See docs/decisions/0047.
   */
  private static final int MIN_CHANNELS_TO_STRIDE = 16;

  /** Checks that the numbers are positive and that groups divide the filters. */
  public Conv2d {
    checkArgument(filters > 0, "filters must be positive, got %s", filters);
    checkArgument(kernel > 0, "kernel must be positive, got %s", kernel);
    checkArgument(stride > 0, "stride must be positive, got %s", stride);
    checkArgument(groups > 0, "groups must be positive, got %s", groups);
    checkArgument(
        filters % groups == 0,
        "filters must be divisible by groups, got filters %s and groups %s",
        filters,
        groups);
  }

  /** Returns a convolution with a square kernel, stride 1, padding same, and a bias. */
  public static Conv2d of(int filters, int kernel) {
    return new Conv2d(filters, kernel, 1, Padding.SAME, 1, true, DEFAULT, DEFAULT);
  }

  /** Returns this layer with another stride. */
  public Conv2d stride(int stride) {
    return new Conv2d(filters, kernel, stride, padding, groups, bias, initializer, biasInitializer);
  }

  /** Returns this layer with another padding. */
  public Conv2d padding(Padding padding) {
    return new Conv2d(filters, kernel, stride, padding, groups, bias, initializer, biasInitializer);
  }

  /** Returns this layer with the channels divided into independent groups. */
  public Conv2d groups(int groups) {
    return new Conv2d(filters, kernel, stride, padding, groups, bias, initializer, biasInitializer);
  }

  /** Returns this layer with or without a bias. */
  public Conv2d bias(boolean bias) {
    return new Conv2d(filters, kernel, stride, padding, groups, bias, initializer, biasInitializer);
  }

  /** Returns this layer with another initializer of the weights. */
  public Conv2d initializer(Initializer initializer) {
    return new Conv2d(filters, kernel, stride, padding, groups, bias, initializer, biasInitializer);
  }

  /** Returns this layer with another initializer of the biases. */
  public Conv2d biasInitializer(Initializer biasInitializer) {
    return new Conv2d(filters, kernel, stride, padding, groups, bias, initializer, biasInitializer);
  }

  @Override
  public Shape outputShape(Shape input) {
    Shapes.checkImage("Conv2d", input);
    checkArgument(
        input.get(2) % groups == 0,
        "input channels of Conv2d must be divisible by groups, got channels %s and groups %s",
        input.get(2),
        groups);
    long height = Shapes.windows(input.get(0), kernel, stride, padding);
    long width = Shapes.windows(input.get(1), kernel, stride, padding);
    checkArgument(
        height > 0 && width > 0,
        "input of Conv2d must be at least as large as its kernel %s, got %s",
        kernel,
        Shapes.text(input));
    return Shape.of(height, width, filters);
  }

  @Override
  public List<Parameter> parameters(Shape input) {
    long in = input.get(2) / groups;
    long fanIn = (long) kernel * kernel * in;
    long fanOut = (long) kernel * kernel * filters / groups;
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(
        new Parameter(
            "weight",
            Shape.of(kernel, kernel, in, filters),
            Role.KERNEL,
            initializer,
            fanIn,
            fanOut));
    if (bias) {
      parameters.add(
          new Parameter("bias", Shape.of(filters), Role.BIAS, biasInitializer, fanIn, fanOut));
    }
    return parameters;
  }

  @Override
  public long macs(Shape input) {
    Shape output = outputShape(input);
    return output.size() * kernel * kernel * (input.get(2) / groups);
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    Ops tf = context.tf();
    Class<? extends TFloating> type = context.precision().type();
    Operand<TFloating> sum = convolve(context, Floats.cast(tf, input, type));
    return bias ? addBias(context, sum) : sum;
  }

  /**
   * Adds the bias. TensorFlow's gradient of it adds up bfloat16 in bfloat16 on processors, where a
   * sum stops growing at 256 of its terms; Sum does not.
   */
  private static Operand<TFloating> addBias(Context context, Operand<TFloating> sum) {
    Ops tf = context.tf();
    Operand<TFloating> bias = context.get("bias");
    Operand<TFloating> added = tf.nn.biasAdd(sum, Floats.cast(tf, bias, sum.type()));
    if (!TBfloat16.class.equals(sum.type())) {
      return added;
    }
    return context
        .backward()
        .withGradient(
            List.of(sum, bias),
            added,
            dy ->
                List.of(
                    dy,
                    Floats.cast(
                        tf, tf.reduceSum(dy, tf.constant(new int[] {0, 1, 2})), bias.type())));
  }

  /**
   * Returns whether to use a Winograd convolution: in training if the device allows it, and with
   * pre-transformed weights. For a single image the weight transform costs more than it saves.
   */
  private boolean winograd(Context context, Operand<TFloating> input, Operand<TFloating> weight) {
    return (kernel == 3 && Winograd.isTransformed(weight))
        || (context.training()
            && context.device().usesWinograd()
            && Winograd.pays(this, input.shape().tail()));
  }

  /**
   * Splits groups into convolutions, because TensorFlow fuses Conv2D with the bias or batch norm
   * after it, and the fused operation rejects groups on a CPU.
   */
  private Operand<TFloating> convolve(Context context, Operand<TFloating> input) {
    Ops tf = context.tf();
    Operand<TFloating> full = context.get("weight");
    if (winograd(context, input, full)) {
      return Winograd.convolve(context, input, full);
    }
    Operand<TFloating> weight = Floats.cast(tf, full, input.type());
    if (groups == 1) {
      return convolve(context, "Conv2D", input, weight);
    }
    if (groups == input.shape().get(3)) {
      long[] shape = {kernel, kernel, groups, filters / groups};
      return convolve(context, DEPTHWISE, input, tf.reshape(weight, tf.constant(shape)));
    }
    List<Output<TFloating>> inputs = tf.split(tf.constant(3), input, (long) groups).output();
    List<Output<TFloating>> weights = tf.split(tf.constant(3), weight, (long) groups).output();
    List<Operand<TFloating>> sums = new ArrayList<>();
    for (int i = 0; i < groups; i++) {
      sums.add(convolve(context, "Conv2D", inputs.get(i), weights.get(i)));
    }
    return tf.concat(sums, tf.constant(3));
  }

  /**
   * Convolves with TensorFlow's own gradient of the input, and one of the weights that may
   * rematerialise it.
   */
  private Operand<TFloating> convolve(
      Context context, String operation, Operand<TFloating> image, Operand<TFloating> weight) {
    Ops tf = context.tf();
    Operand<TFloating> input = Shapes.pad(tf, image, kernel, padding, 0);
    Backward backward = context.backward();
    return backward.withGradient(
        List.of(input, weight),
        build(tf, operation, input, weight),
        dy ->
            List.of(
                gradient(
                    context,
                    operation,
                    stride > 1,
                    weight,
                    dy,
                    (w, d) -> build(tf, operation + "BackpropInput", tf.shape(input), w, d)),
                weightGradient(
                    context, operation, backward.rematerialized(input, dy), weight, dy)));
  }

  /**
   * Builds a gradient, in float32 where bfloat16 is slow: oneDNN's gradients of depthwise
   * convolutions take up to 50 times as long then (docs/decisions/0048).
   *
   * @param slow whether the gradient is slow in bfloat16 if the convolution is depthwise
   * @param x what the gradient is computed from beside dy
   * @param build builds it from both
   */
  private static Operand<TFloating> gradient(
      Context context,
      String operation,
      boolean slow,
      Operand<TFloating> x,
      Operand<TFloating> dy,
      BinaryOperator<Operand<TFloating>> build) {
    if (!slow || !operation.equals(DEPTHWISE) || !context.device().upcastsSlowKernels()) {
      return build.apply(x, dy);
    }
    Ops tf = context.tf();
    // After dy, so that the forward pass does not make, and keep, the larger copy.
    Operand<TFloating> upcast = Floats.cast(tf.withControlDependencies(dy), x, TFloat32.class);
    return Floats.cast(tf, build.apply(upcast, Floats.cast(tf, dy, TFloat32.class)), dy.type());
  }

  /**
   * Builds the gradient of the weights: {@link SmallImages by matrix products} where it pays, and
   * for few channels from only the pixels that are read.
   */
  private Operand<TFloating> weightGradient(
      Context context,
      String operation,
      Operand<TFloating> input,
      Operand<TFloating> weight,
      Operand<TFloating> dy) {
    Ops tf = context.tf();
    if (context.device().usesWinograd() && SmallImages.pays(this, input.shape().tail())) {
      return SmallImages.filterGradient(tf, input, dy, weight.shape());
    }
    String filter = operation + "BackpropFilter";
    Operand<?> shape = tf.shape(weight);
    if (kernel > 1 || stride == 1 || input.shape().get(3) >= MIN_CHANNELS_TO_STRIDE) {
      return gradient(
          context, operation, kernel > 3, input, dy, (x, d) -> build(tf, filter, x, shape, d));
    }
    Index every = Indices.step(stride);
    return stride(1)
        .build(
            tf,
            filter,
            tf.stridedSlice(input, Indices.all(), every, every, Indices.all()),
            shape,
            dy);
  }

  private Operand<TFloating> build(Ops tf, String operation, Operand<?>... inputs) {
    return GraphOps.builder(tf, operation, inputs)
        .setAttr("strides", new long[] {1, stride, stride, 1})
        .setAttr("padding", Shapes.paddingAfterPad(padding))
        .build()
        .output(0);
  }
}
