package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.loss.Loss;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import dev.lamina.network.Network;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.Trainer;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Java code of the guides in docs that have no test of their own, run. */
class GuidesTest {
  @TempDir private Path folder;

  /** Stands for Micrometer's. */
  private interface Timer {
    <T> T record(Supplier<T> call);
  }

  @Test
  void data() throws IOException {
    Clothes.write(folder, Clothes.FIRST, 2, 1);
    // region photos
    ImageData photos = ImageData.open(folder, Resize.cover(64));
    // endregion
    assertThat(photos.train().height()).isEqualTo(64);
  }

  @Test
  void imagesInMemory() {
    BufferedImage black = new BufferedImage(40, 32, BufferedImage.TYPE_INT_RGB);
    List<BufferedImage> images = List.of(black, white(32), white(80));
    // region memory
    Resize resize = Resize.cover(32);
    ByteBuffer pixels = ByteBuffer.allocate(images.size() * 32 * 32 * 3);
    images.forEach(image -> pixels.put(resize.apply(image)));
    int[] labels = {0, 1, 1}; // the class of each image
    ImageSet set =
        ImageSet.of(32, 32, 3, pixels.array(), labels, List.of("dark", "bright"))
            .preprocessing(Preprocessing.of(resize));
    // endregion
    assertThat(set.size()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      int[] rgb = set.toBufferedImage(i).getRGB(0, 0, 32, 32, null, 0, 32);
      assertThat(rgb).containsOnly(i == 0 ? 0xff000000 : 0xffffffff);
    }
    assertThat(set.preprocessing().resize()).isEqualTo(resize);
  }

  private static BufferedImage white(int width) {
    BufferedImage image = new BufferedImage(width, 32, BufferedImage.TYPE_INT_RGB);
    image.createGraphics().fillRect(0, 0, width, 32);
    return image;
  }

  @Test
  void layers() {
    // region lambda
    Network network =
        Network.input(32, 32, 3)
            .then(Conv2d.of(8, 3).stride(2), BatchNorm.create())
            .then(Lambda.of("swish", (tf, x) -> tf.math.mul(x, tf.math.sigmoid(x))))
            .then(GlobalAveragePool.create(), Dense.of(10));
    // endregion
    try (Model model = Model.of(network)) {
      assertThat(model.summary().toString()).contains("Lambda swish");
    }
  }

  @Test
  void loss() {
    // region lossLambda
    Loss squared =
        (tf, outputs, targets) ->
            tf.math.mean(
                tf.math.squaredDifference(tf.nn.softmax(outputs), targets), tf.constant(1));
    Trainer.Builder trainer =
        Trainer.builder().loss(squared).schedule((step, steps) -> 0.1 / (1 + step));
    // endregion
    assertThat(trainer.build().recipe().loss()).isSameAs(squared);
  }

  @Test
  void devices() {
    Network network = Network.input(8, 8, 3).then(GlobalAveragePool.create(), Dense.of(2));
    long seed = 1;
    // region device
    try (Model model = Model.of(network, seed, Device.cpu())) { // or Device.gpu(0)
      Trainer.Builder trainer = Trainer.builder().precision(Precision.FLOAT32);
      System.out.println(model.device() + " trains in " + trainer.build().recipe().precision());
    }
    // endregion
    assertThat(Device.auto()).isNotNull();
  }

  @Test
  void checkpoints() {
    ImageSet images = Clothes.train(Clothes.SECOND, 4);
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(3));
    Path run = folder.resolve("run");
    // region checkpoints
    Trainer trainer =
        Trainer.builder()
            .epochs(2)
            .batchSize(4)
            .validationSplit(0.25)
            .callbacks(Checkpoints.in(run).every(Duration.ofMinutes(5)).keep(2))
            .build();
    try (Model model = Model.of(network)) {
      trainer.resume(run, model, images); // starts, or continues from the newest checkpoint
    }
    Path newest = Checkpoints.files(run).values().stream().reduce((a, b) -> b).orElseThrow();
    try (Model model = Model.load(newest)) { // a checkpoint is a model, too
      System.out.println(model.evaluate(images).accuracy());
    }
    // endregion
    assertThat(Checkpoints.files(run)).hasSize(2);
  }

  @Test
  void dependency() {
    BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
    Timer timer = Supplier::get;
    Network network = Network.input(8, 8, 3).then(GlobalAveragePool.create(), Dense.of(2));
    try (Model model = Model.of(network)) {
      // region bean
      Prediction prediction = timer.record(() -> model.predict(image)); // Micrometer's Timer
      // endregion
      assertThat(prediction.probabilities().length()).isEqualTo(2);
    }
  }
}
