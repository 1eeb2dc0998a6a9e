package dev.lamina.zoo;

import dev.lamina.graph.Initializer;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.Whitening;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import java.util.List;

/**
 * The networks of airbench (Jordan, <a href="https://arxiv.org/abs/2404.00498">arXiv
 * 2404.00498</a>, section 3.1), with the names of KellerJordan/cifar10-airbench: frozen whitening
 * of 2x2 patches, three groups of 3x3 convolutions that start as the identity, and logits that are
 * scaled by 1/9. Batch norms have no scale. Call {@code Model.adapt} before training.
 *
 * <table>
 * <caption>Stages of airbench94</caption>
 * <tr><td>0: whitening</td><td>31x31x24</td></tr>
 * <tr><td>2, 3, 4: convolution, max pooling, convolution</td><td>15x15x64, 7x7x256, 3x3x256</td></tr>
 * <tr><td>5: max pooling, 7: dense</td><td>10</td></tr>
 * </table>
 *
 * @param name the name in tables
 * @param widths the channels of the groups
 * @param residual whether a group has a third convolution, and a shortcut over the last two
 * @param momentum the weight of the new value in the running statistics
 */
record Airbench(String name, List<Integer> widths, boolean residual, double momentum) {
  private static final int KERNEL = 3;
  private static final double EPSILON = 1e-12;
  private static final double LOGIT_SCALE = 1.0 / 9;

  /** The least height and width, of which pooling leaves a window of the last pooling. */
  private static final int MIN_SIZE = 25;

  static Airbench airbench94() {
    return new Airbench("airbench94", List.of(64, 256, 256), false, 0.4);
  }

  static Airbench airbench96() {
    return new Airbench("airbench96", List.of(128, 384, 512), true, 0.1);
  }

  /** Returns the network with the options of {@link Zoo}; width scales all groups. */
  Network network(Options options) {
    int width = Cifar.width(options, widths.get(0));
    Network network =
        Cifar.input(name, options, MIN_SIZE).then("0", Whitening.of(2)).then("1", Activation.GELU);
    for (int i = 0; i < widths.size(); i++) {
      int filters = Math.max(1, widths.get(i) * width / widths.get(0));
      network = network.then(Integer.toString(i + 2), group(filters));
    }
    return network
        .then("5", MaxPool.of(3))
        .then("6", Flatten.create())
        .then("7", Dense.of(Cifar.classes(options)).bias(false))
        .then("8", Rescale.of(LOGIT_SCALE));
  }

  private Sequential group(int filters) {
    Sequential first =
        Sequential.of()
            .then("conv1", conv(filters))
            .then("pool", MaxPool.of(2))
            .then("norm1", norm())
            .then("activ1", Activation.GELU);
    Sequential second = Sequential.of().then("conv2", conv(filters)).then("norm2", norm());
    Sequential rest =
        residual
            ? Sequential.of()
                .then(
                    "",
                    Residual.of(
                            second
                                .then("activ2", Activation.GELU)
                                .then("conv3", conv(filters))
                                .then("norm3", norm()))
                        .names("", "shortcut")
                        .relu(false))
            : second;
    return first.then("", rest).then("activ3", Activation.GELU);
  }

  private BatchNorm norm() {
    return BatchNorm.create().epsilon(EPSILON).momentum(momentum).scale(false);
  }

  private static Conv2d conv(int filters) {
    return Conv2d.of(filters, KERNEL)
        .bias(false)
        .initializer(Initializer.dirac(Initializer.fanInUniform()));
  }
}
