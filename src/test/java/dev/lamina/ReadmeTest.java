package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Residual;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.History;
import dev.lamina.train.ProgressBar;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java code of README, run. */
class ReadmeTest {
  private static final double[] MEAN = {0.5, 0.5, 0.5};
  private static final double[] DEVIATION = {0.25, 0.25, 0.25};

  @TempDir Path folder;

  @Test
  void training() {
    ImageData all = ImageData.embedded();
    int[] some = IntStream.range(0, 128).toArray();
    ImageData data = new ImageData(all.train().subset(some), all.test().subset(some));
    int epochs = 1;
    // region training
    try (Model model = ResNetCifar.builder().width(8).classes(data.train().classes()).build()) {
      History history =
          Trainer.builder()
              .optimizer(MomentumOptimizer.of(0.9).weightDecay(5e-4))
              .schedule(OneCycle.of(0.01)) // peak learning rate; stepped every batch
              .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
              .epochs(epochs)
              .batchSize(64)
              .seed(1)
              .callbacks(ProgressBar.console())
              .build()
              .fit(model, data.train(), data.test());
      Evaluation test = model.evaluate(data.test()); // accuracy, loss, confusion matrix
      model.saveWeights(folder.resolve("weights.safetensors")); // PyTorch's names and layout
      model.export(folder.resolve("export/1")); // SavedModel, ready for serving
      System.out.println(history.last().loss() + " " + test.accuracy());
    }
    // endregion
    assertThat(folder.resolve("weights.safetensors")).exists();
    assertThat(folder.resolve("export/1/saved_model.pb")).exists();
  }

  @Test
  void network() {
    // region network
    Network network =
        Network.input(32, 32, 3)
            .then(
                Normalize.of(MEAN, DEVIATION),
                Conv2d.of(16, 3),
                BatchNorm.create(),
                Activation.RELU)
            .then(
                Residual.of(
                    Conv2d.of(16, 3),
                    BatchNorm.create(),
                    Activation.RELU,
                    Conv2d.of(16, 3),
                    BatchNorm.create()))
            .then(Lambda.of("shift", (tf, x) -> tf.math.add(x, tf.constant(1f))))
            .then(GlobalAveragePool.create(), Dense.of(10));
    // endregion
    try (Model model = Model.of(network)) {
      assertThat(model.predict(new byte[32 * 32 * 3]).probabilities().length()).isEqualTo(10);
    }
  }
}
