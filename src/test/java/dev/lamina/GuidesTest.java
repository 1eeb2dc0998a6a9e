package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageData;
import dev.lamina.data.Resize;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import dev.lamina.network.Network;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
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
