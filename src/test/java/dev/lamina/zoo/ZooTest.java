package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.Clothes;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.train.Trainer;
import java.util.List;
import org.junit.jupiter.api.Test;

class ZooTest {
  @Test
  void resnetCifar_isThatOfItsBuilder() {
    assertThat(Zoo.get("resnet-cifar").network()).isEqualTo(ResNetCifar.builder().network());
    double[] half = {0.5};
    assertThat(
            Zoo.get("resnet-cifar")
                .width(4)
                .classes(3)
                .imageSize(16, 24)
                .inputChannels(1)
                .normalization(half, half)
                .option("bias", false)
                .network())
        .isEqualTo(
            ResNetCifar.builder()
                .width(4)
                .classes(3)
                .imageSize(16, 24)
                .inputChannels(1)
                .normalization(half, half)
                .bias(false)
                .network());
  }

  @Test
  void networksForImageNet_trainInBfloat16() {
    ImageSet set = Clothes.train(Clothes.SECOND, 4);
    for (Zoo.Builder builder :
        List.of(Zoo.get("resnet18").width(4).dropout(0.5), Zoo.get("mobilenet_v3_small"))) {
      try (Model model =
          builder.imageSize(set.height(), set.width()).classes(set.classNames()).build()) {
        float[][] before = model.logits(set);
        Trainer.builder().precision(Precision.BFLOAT16).epochs(1).build().fit(model, set);
        for (int i = 0; i < before.length; i++) {
          assertThat(model.logits(set)[i]).isNotEqualTo(before[i]).doesNotContain(Float.NaN);
        }
      }
    }
  }

  @Test
  void ratesOutOfRange_areRefused() {
    for (String name : List.of("resnet18", "wrn-16-4")) {
      Zoo.Builder network = Zoo.get(name).dropout(-0.5);
      assertThatIllegalArgumentException()
          .isThrownBy(network::network)
          .withMessage("rate must be in [0, 1), got -0.5");
    }
    InvertedResidual block = new InvertedResidual(3, 8, 4, 1, Activation.RELU, null, -0.5);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> block.layer(4, InvertedResidual.Naming.TIMM, BatchNorm.create()))
        .withMessage("rate must be in [0, 1), got -0.5");
  }

  @Test
  void wrongOptions_ofNetworksForImageNet() {
    Zoo.Builder small = Zoo.get("resnet18").imageSize(31, 40);
    assertThatIllegalArgumentException()
        .isThrownBy(small::network)
        .withMessage("imageSize must be at least 32 x 32, got 31 x 40");
    Zoo.Builder grey = Zoo.get("efficientnet_b0").inputChannels(1);
    assertThatIllegalArgumentException()
        .isThrownBy(grey::network)
        .withMessage("normalization must be set if inputChannels is not 3, got inputChannels 1");
    Zoo.Builder one = Zoo.get("mobilenet_v3_large").classes(1);
    assertThatIllegalArgumentException()
        .isThrownBy(one::network)
        .withMessage("classes must be at least 2, got 1");
    Zoo.Builder wide = Zoo.get("mobilenet_v3_large").width(8);
    assertThatIllegalArgumentException()
        .isThrownBy(wide::network)
        .withMessageStartingWith("network \"mobilenet_v3_large\" has no option \"width\"");
    Zoo.Builder none = Zoo.get("resnet50").width(0);
    assertThatIllegalArgumentException()
        .isThrownBy(none::network)
        .withMessage("width must be positive, got 0");
  }

  /** Those of six batch norms, without their fixed scales and the whitening kernel. */
  @Test
  void summary_countsRunningStatisticsAlone() {
    assertThat(Zoo.get("airbench94").network().summary())
        // 2 (64 + 256 + 256) channels, each with a mean and a variance.
        .contains(" parameters, 2,304 running statistics, ");
  }

  @Test
  void wrongNames_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Zoo.get("resnet_cifar"))
        .withMessageMatching(
            "network must be one of .*resnet-cifar.*, got \"resnet_cifar\"; did you mean \"resnet-cifar\"\\?");
    Zoo.Builder builder = Zoo.get("resnet-cifar").option("widht", 3);
    assertThatIllegalArgumentException()
        .isThrownBy(builder::network)
        .withMessage("network \"resnet-cifar\" has no option \"widht\"; did you mean \"width\"?");
    Zoo.Builder text = Zoo.get("resnet-cifar").option("width", "wide");
    assertThatIllegalArgumentException()
        .isThrownBy(text::network)
        .withMessage("width of network \"resnet-cifar\" must be a whole number, got \"wide\"");
  }

  @Test
  void onesOwnNetwork_isBuiltByItsName() {
    Zoo.register(
        "zoo-test",
        options ->
            Network.input(2, 2, 1)
                .then(Flatten.create(), Dense.of(options.getInt("classes", 5)).bias(false)));
    assertThat(Zoo.names()).contains("zoo-test", "resnet-cifar");
    try (Model model = Zoo.get("zoo-test").classes(3).seed(4).build()) {
      assertThat(model.network().classes()).isEqualTo(3);
    }
    assertThat(Zoo.get("zoo-test").network().classes()).isEqualTo(5);
  }
}
