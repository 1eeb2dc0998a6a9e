package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
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
  void wrongNames_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Zoo.get("resnet_cifar"))
        .withMessageMatching(
            "network must be one of .*resnet-cifar.*, got \"resnet_cifar\"; did you mean"
                + " \"resnet-cifar\"\\?");
    Zoo.Builder builder = Zoo.get("resnet-cifar").option("widht", 3);
    assertThatIllegalArgumentException()
        .isThrownBy(builder::network)
        .withMessage(
            "network \"resnet-cifar\" has no option \"widht\"; use the Lamina that wrote it, or remove"
                + " the option; did you mean \"width\"?");
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
