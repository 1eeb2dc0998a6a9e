package consumer.modular;

import dev.lamina.data.ImageSet;
import dev.lamina.io.Version;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.Lambda;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Adam;
import dev.lamina.schedule.Constant;
import dev.lamina.train.History;
import dev.lamina.train.Trainer;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;

/** Trains ten steps with TensorFlow's operations in a layer, and predicts an image of AWT. */
public final class TenSteps {
  public static void main(String[] args) {
    byte[] pixels = new byte[160 * 192];
    int[] labels = new int[160];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i % 2;
      Arrays.fill(pixels, i * 192, (i + 1) * 192, (byte) (i / 4 + 180 * labels[i]));
    }
    ImageSet images = ImageSet.of(8, 8, 3, pixels, labels, List.of("dark", "light"));
    Network network =
        Network.input(8, 8, 3)
            .then(
                Lambda.of("shift", (tf, x) -> tf.math.sub(x, tf.constant(0.5f))),
                Flatten.create(),
                Dense.of(2));
    try (Model model = Model.of(network, 1)) {
      History history =
          Trainer.builder()
              .optimizer(Adam.create())
              .schedule(Constant.of(0.05))
              .epochs(1)
              .batchSize(16)
              .seed(1)
              .build()
              .fit(model, images);
      BufferedImage light = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
      light.createGraphics().fillRect(0, 0, 8, 8);
      System.out.println(
          history.last().steps()
              + " steps: "
              + model.predict(light).best().label()
              + ", Lamina "
              + Version.get());
    }
  }
}
