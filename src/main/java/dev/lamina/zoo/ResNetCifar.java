package dev.lamina.zoo;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Initializer;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;

/**
 * A ResNet18 rebuilt for small images (He et al., arXiv 1512.03385): a 3x3 stem of stride 1, four
 * stages of two residual blocks, max pooling between the blocks of the last three stages, so that a
 * 32x32 image becomes 4x4 before the global average.
 *
 * <table>
 * <caption>Stages at width 64</caption>
 * <tr><td>conv1</td><td>3x3 convolution, batch norm, ReLU</td><td>32x32x64</td></tr>
 * <tr><td>layer1</td><td>residual(64, 64), residual(64, 64)</td><td>32x32x64</td></tr>
 * <tr><td>layer2</td><td>residual(64, 128), max pool 2, residual(128, 128)</td><td>16x16x128</td></tr>
 * <tr><td>layer3</td><td>residual(128, 256), max pool 2, residual(256, 256)</td><td>8x8x256</td></tr>
 * <tr><td>layer4</td><td>residual(256, 512), max pool 2, residual(512, 512)</td><td>4x4x512</td></tr>
 * <tr><td>classifier</td><td>global average pool, dense</td><td>10</td></tr>
 * </table>
 *
 * <p>With width 64 and ten classes it has 11,178,762 parameters and costs 1.08 GMACs per image.
 */
public final class ResNetCifar {
  /** The normalisation of the published recipe, used instead of CIFAR-10's own statistics. */
  public static final Normalize CIFAR10_NORMALIZATION =
      Normalize.of(new double[] {0.492, 0.482, 0.447}, new double[] {0.247, 0.243, 0.262});

  private ResNetCifar() {}

  /** Returns a builder of the network for CIFAR-10. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the network with the options of {@link Zoo}. */
  static Network network(Options options) {
    return builder().options(options).network();
  }

  /** The options of the network. Checked by {@link #build()} and {@link #network()}. */
  public static final class Builder {
    private int width = 64;
    private int classes = 10;
    private int height = 32;
    private int imageWidth = 32;
    private int channels = 3;
    private boolean bias = true;
    private Normalize normalization = CIFAR10_NORMALIZATION;
    private Initializer initializer = Initializer.fanInUniform();
    private String name = "ResNetCifar";
    private long seed;

    private Builder() {}

    private Builder options(Options options) {
      width(options.getInt("width", width))
          .classes(options.getInt("classes", classes))
          .imageSize(
              options.getInt("imageHeight", height), options.getInt("imageWidth", imageWidth))
          .inputChannels(options.getInt("imageChannels", channels))
          .bias(options.getBoolean("bias", bias));
      return options.has("mean") || options.has("std")
          ? normalization(options.getDoubles("mean").toArray(), options.getDoubles("std").toArray())
          : this;
    }

    /**
     * Sets the channels of the first stage; the others have 2, 4 and 8 times as many. 64 unless
     * set.
     */
    public Builder width(int width) {
      this.width = width;
      return this;
    }

    /** Sets the number of classes; 10 unless set. */
    public Builder classes(int classes) {
      this.classes = classes;
      return this;
    }

    /** Sets the height and width of the input, at least 8; 32 x 32 unless set. */
    public Builder imageSize(int height, int width) {
      this.height = height;
      this.imageWidth = width;
      return this;
    }

    /**
     * Sets the channels of the input; 3 unless set. Other numbers need a {@link #normalization}.
     */
    public Builder inputChannels(int channels) {
      this.channels = channels;
      return this;
    }

    /** Sets whether convolutions have a bias; true unless set. */
    public Builder bias(boolean bias) {
      this.bias = bias;
      return this;
    }

    /**
     * Sets mean and standard deviation of each channel, of pixels in [0, 1]; CIFAR-10's unless set.
     */
    public Builder normalization(double[] mean, double[] std) {
      this.normalization = Normalize.of(mean, std);
      return this;
    }

    /** Sets the initial weights and biases; {@link Initializer#fanInUniform()} unless set. */
    public Builder initializer(Initializer initializer) {
      this.initializer = initializer;
      return this;
    }

    /** Sets the name in tables; ResNetCifar unless set. */
    public Builder name(String name) {
      this.name = name;
      return this;
    }

    /** Sets the seed of the initial weights; 0 unless set. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * Returns the architecture.
     *
     * @throws IllegalArgumentException if an option is invalid
     */
    public Network network() {
      checkArgument(width > 0, "width must be positive, got %s", width);
      checkArgument(classes > 1, "classes must be at least 2, got %s", classes);
      checkArgument(channels > 0, "inputChannels must be positive, got %s", channels);
      checkArgument(
          height >= 8 && imageWidth >= 8,
          "imageSize must be at least 8 x 8, got %s x %s",
          height,
          imageWidth);
      checkArgument(
          channels == 3 || !normalization.equals(CIFAR10_NORMALIZATION),
          "normalization must be set if inputChannels is not 3, got inputChannels %s",
          channels);
      return Network.input(height, imageWidth, channels)
          .name(name)
          .then("normalize", normalization)
          .then("conv1", Sequential.of(conv(width, 3), BatchNorm.create(), Activation.RELU))
          .then("layer1", Sequential.of(residual(width, width), residual(width, width)))
          .then("layer2", stage(width))
          .then("layer3", stage(2 * width))
          .then("layer4", stage(4 * width))
          .then(
              "classifier",
              Sequential.of(
                  GlobalAveragePool.create(),
                  Flatten.create(),
                  Dense.of(classes).initializer(initializer).biasInitializer(initializer)));
    }

    /**
     * Returns a model with initial weights. Close it.
     *
     * @throws IllegalArgumentException if an option is invalid
     */
    public Model build() {
      return Model.of(network(), seed);
    }

    private Sequential stage(int in) {
      return Sequential.of(residual(in, 2 * in), MaxPool.of(2), residual(2 * in, 2 * in));
    }

    private Residual residual(int in, int out) {
      Residual block =
          Residual.of(
              conv(out, 3), BatchNorm.create(), Activation.RELU, conv(out, 3), BatchNorm.create());
      return in == out ? block : block.shortcut(conv(out, 1), BatchNorm.create());
    }

    private Layer conv(int filters, int kernel) {
      return Conv2d.of(filters, kernel)
          .bias(bias)
          .initializer(initializer)
          .biasInitializer(initializer);
    }
  }
}
