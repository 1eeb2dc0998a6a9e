package consumer;

import dev.lamina.data.ImageSet;
import dev.lamina.io.Version;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Adam;
import dev.lamina.schedule.Constant;
import dev.lamina.train.History;
import dev.lamina.train.ProgressBar;
import dev.lamina.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Trains ten steps, predicts, exports, and loads what was exported. */
public final class TenSteps {
  public static void main(String[] args) throws IOException {
    Path folder = Files.createTempDirectory("ten-steps");
    Network network =
        Network.input(8, 8, 1)
            .then(Conv2d.of(4, 3), Activation.RELU, Flatten.create(), Dense.of(2));
    byte[] light = new byte[64];
    Arrays.fill(light, (byte) 210);
    try (Model model = Model.of(network, 1)) {
      History history =
          Trainer.builder()
              .optimizer(Adam.create())
              .schedule(Constant.of(0.05))
              .epochs(1)
              .batchSize(16)
              .seed(1)
              .callbacks(ProgressBar.console())
              .build()
              .fit(model, images());
      System.out.println(
          history.last().steps()
              + " steps: "
              + model.predict(light).best().label()
              + ", Lamina "
              + Version.get());
      model.export(folder.resolve("export"));
      model.exportOnnx(folder.resolve("model.onnx"));
    }
    try (Model loaded = Model.load(folder.resolve("export"))) {
      System.out.println("loaded: " + loaded.predict(light).best().label());
    }
  }

  /** 160 images of one brightness each. */
  private static ImageSet images() {
    byte[] pixels = new byte[160 * 64];
    int[] labels = new int[160];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i % 2;
      Arrays.fill(pixels, i * 64, (i + 1) * 64, (byte) (i / 4 + 180 * labels[i]));
    }
    return ImageSet.of(8, 8, 1, pixels, labels, List.of("dark", "light"));
  }
}
