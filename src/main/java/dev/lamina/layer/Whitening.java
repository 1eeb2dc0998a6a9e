package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

/**
 * A convolution that whitens the patches of the input, as first layer of a network: its filters are
 * the eigenvectors of the patches' covariance matrix, each divided by the root of its eigenvalue
 * plus epsilon, and their negatives. {@code Model.adapt} computes them from images; they are never
 * trained. Until then they are random, of {@link Initializer#fanInUniform()}. The bias is trained.
 *
 * <p>Source: Page, "How to train your ResNet 8: Bag of tricks" (2019), in the form of Jordan, <a
 * href="https://arxiv.org/abs/2404.00498">arXiv 2404.00498</a>, section 3.2.
 *
 * <table>
 * <caption>Shapes</caption>
 * <tr><td>input</td><td>[height, width, in]</td></tr>
 * <tr><td>weight</td><td>[kernel, kernel, in, 2 * kernel * kernel * in]; not trained</td></tr>
 * <tr><td>bias</td><td>[2 * kernel * kernel * in]; initially 0</td></tr>
 * <tr><td>output</td><td>[height - kernel + 1, width - kernel + 1, 2 * kernel * kernel * in]</td></tr>
 * </table>
 *
 * @param kernel the height and width of a patch
 * @param epsilon the number that is added to each eigenvalue; 5e-4 unless set
 */
public record Whitening(int kernel, double epsilon) implements Layer {
  /** Checks that kernel and epsilon are positive, and epsilon is finite. */
  public Whitening {
    checkArgument(kernel > 0, "kernel must be positive, got %s", kernel);
    checkArgument(epsilon > 0, "epsilon must be positive, got %s", epsilon);
    checkArgument(Double.isFinite(epsilon), "epsilon must be finite, got %s", epsilon);
  }

  /** Returns the whitening of square patches, with epsilon 5e-4. */
  public static Whitening of(int kernel) {
    return new Whitening(kernel, 5e-4);
  }

  /** Returns this layer with another epsilon. */
  public Whitening epsilon(double epsilon) {
    return new Whitening(kernel, epsilon);
  }

  /** Returns the convolution that this layer is. */
  public Conv2d convolution(Shape input) {
    Shapes.checkImage("Whitening", input);
    return Conv2d.of(2 * kernel * kernel * (int) input.get(2), kernel)
        .padding(Padding.VALID)
        .biasInitializer(Initializer.zeros());
  }

  @Override
  public Shape outputShape(Shape input) {
    return convolution(input).outputShape(input);
  }

  @Override
  public List<Parameter> parameters(Shape input) {
    List<Parameter> parameters = convolution(input).parameters(input);
    Parameter weight = parameters.get(0);
    return List.of(
        new Parameter(
            weight.name(),
            weight.shape(),
            Role.FIXED,
            weight.initializer(),
            weight.fanIn(),
            weight.fanOut()),
        parameters.get(1));
  }

  @Override
  public long macs(Shape input) {
    return convolution(input).macs(input);
  }

  @Override
  public boolean acceptsAnyFloatType() {
    return true;
  }

  @Override
  public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
    return convolution(input.shape().tail()).apply(context, input);
  }
}
