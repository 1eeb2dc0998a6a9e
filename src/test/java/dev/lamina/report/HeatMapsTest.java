package dev.lamina.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.model.GradCam;
import dev.lamina.model.HeatMap;
import dev.lamina.model.Prediction;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeatMapsTest {
  @TempDir private Path folder;

  /** A black image of 4 x 2 pixels, of which the left half counts. */
  @Test
  void write_drawsTheMapOverTheImage() throws IOException {
    HeatMap map = new HeatMap(1, 2, ImmutableDoubleArray.of(0.25, 0));
    Path file = folder.resolve("map.png");
    HeatMaps.write(
        new GradCam.Explanation(
            new BufferedImage(4, 2, BufferedImage.TYPE_INT_RGB),
            new Prediction.Candidate(0, "cat", 0.9),
            map),
        file);
    BufferedImage picture = ImageIO.read(file.toFile());
    assertThat(picture.getWidth()).isEqualTo(2 * 320 + 3 * 12);
    assertThat(picture.getHeight()).isEqualTo(34 + 160 + 12);
    assertThat(picture.getRGB(100, 100) & 0xffffff).isZero();
    // 0.55 of the ramp's two ends over black.
    assertNear(new Color(picture.getRGB(2 * 12 + 320 + 20, 100)), 112, 23, 2);
    assertNear(new Color(picture.getRGB(2 * 12 + 320 + 300, 100)), 26, 10, 32);
  }

  private static void assertNear(Color color, int red, int green, int blue) {
    assertThat(Math.abs(color.getRed() - red)).as("%s", color).isLessThan(3);
    assertThat(Math.abs(color.getGreen() - green)).as("%s", color).isLessThan(3);
    assertThat(Math.abs(color.getBlue() - blue)).as("%s", color).isLessThan(3);
  }
}
