package dev.lamina.zoo;

import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.SqueezeExcitation;
import dev.lamina.layer.StochasticDepth;
import org.jspecify.annotations.Nullable;

/**
 * The block of MobileNet and EfficientNet (Sandler et al., "MobileNetV2: Inverted Residuals and
 * Linear Bottlenecks", arXiv 1801.04381): a 1x1 convolution to more channels, a depthwise
 * convolution, squeeze and excitation, and a 1x1 convolution to fewer channels without activation;
 * the input is added if it has the shape of the output. The first is left out if it would not add
 * channels.
 *
 * @param kernel the kernel of the depthwise convolution
 * @param expanded the channels of the depthwise convolution
 * @param out the channels of the output
 * @param stride the stride of the depthwise convolution
 * @param activation the activation after the first two convolutions
 * @param squeezeExcitation the squeeze and excitation; none if null
 * @param dropRate the rate of {@link StochasticDepth}
 */
record InvertedResidual(
    int kernel,
    int expanded,
    int out,
    int stride,
    Activation activation,
    @Nullable SqueezeExcitation squeezeExcitation,
    double dropRate) {

  /** The names of layers in one of the two collections of PyTorch's networks. */
  enum Naming {
    /** As in torchvision: convolution, batch norm and activation are 0, 1, 2 of a sequence. */
    TORCHVISION {
      @Override
      Sequential unit(
          Sequential before,
          String name,
          int number,
          Conv2d conv,
          BatchNorm norm,
          Layer activation) {
        return before.then(Sequential.of(conv, norm, activation));
      }

      @Override
      Sequential squeezeExcitation(Sequential before, SqueezeExcitation layer) {
        return before.then(layer);
      }

      @Override
      Layer block(Sequential main, boolean shortcut) {
        return shortcut
            ? Residual.of(main).names("block", "shortcut").relu(false)
            : Sequential.of().then("block", main);
      }
    },
    /** As in timm: all layers of a block stand side by side, each with a name. */
    TIMM {
      @Override
      Sequential unit(
          Sequential before,
          String name,
          int number,
          Conv2d conv,
          BatchNorm norm,
          Layer activation) {
        return before.then(name, conv).then("bn" + number, norm).then("act" + number, activation);
      }

      @Override
      Sequential squeezeExcitation(Sequential before, SqueezeExcitation layer) {
        return before.then("se", layer.names("conv_reduce", "conv_expand"));
      }

      @Override
      Layer block(Sequential main, boolean shortcut) {
        return shortcut ? Residual.of(main).names("", "shortcut").relu(false) : main;
      }
    };

    /**
     * Adds a convolution with batch norm and activation.
     *
     * @param name the name of the convolution in timm
     * @param number the number of the batch norm in timm
     */
    abstract Sequential unit(
        Sequential before, String name, int number, Conv2d conv, BatchNorm norm, Layer activation);

    abstract Sequential squeezeExcitation(Sequential before, SqueezeExcitation layer);

    abstract Layer block(Sequential main, boolean shortcut);
  }

  /** Returns the block for an input of so many channels. */
  Layer layer(int in, Naming naming, BatchNorm norm) {
    boolean expands = expanded != in;
    int number = 1;
    Sequential main = Sequential.of();
    if (expands) {
      Conv2d wider = ImageNet.conv(expanded, 1, 1);
      main = naming.unit(main, "conv_pw", number++, wider, norm, activation);
    }
    Conv2d depthwise = ImageNet.conv(expanded, kernel, stride).groups(expanded);
    main = naming.unit(main, "conv_dw", number++, depthwise, norm, activation);
    if (squeezeExcitation != null) {
      main = naming.squeezeExcitation(main, squeezeExcitation);
    }
    String last = expands ? "conv_pwl" : "conv_pw";
    main = naming.unit(main, last, number, ImageNet.conv(out, 1, 1), norm, Sequential.of());
    boolean shortcut = stride == 1 && in == out;
    if (shortcut && dropRate != 0) {
      main = main.then("drop_path", StochasticDepth.of(dropRate));
    }
    return naming.block(main, shortcut);
  }
}
