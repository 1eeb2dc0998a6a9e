package dev.lamina.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageSet;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Evaluations;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationPicturesTest {
  @TempDir private Path folder;

  private BufferedImage read(String name) throws IOException {
    return ImageIO.read(folder.resolve(name).toFile());
  }

  private static long count(BufferedImage image, int rgb) {
    return IntStream.range(0, image.getWidth() * image.getHeight())
        .filter(i -> (image.getRGB(i % image.getWidth(), i / image.getWidth()) & 0xffffff) == rgb)
        .count();
  }

  @Test
  void pictures_ofOneMistake() throws IOException {
    // Two classes: one image right, one wrong; the wrong one is green, 4 x 2 pixels.
    byte[] pixels = new byte[2 * 4 * 2 * 3];
    for (int p = 8; p < 16; p++) {
      pixels[p * 3 + 1] = (byte) 200;
    }
    ImageSet set = ImageSet.of(2, 4, 3, pixels, new int[] {0, 1}, List.of("a", "b"));
    Evaluation evaluation =
        Evaluations.of(set.classNames(), new float[][] {{1000, 0}, {1000, 0}}, 0, 1);
    EvaluationPictures.write(evaluation, set, folder);
    // A cell of 55 x 55 pixels each, less what the number 1 takes.
    BufferedImage confusion = read("confusion_matrix.png");
    assertThat(count(confusion, 0x1f5fa8)).isBetween(2900L, 55 * 55L);
    assertThat(count(confusion, 0xc7361b)).isBetween(2900L, 55 * 55L);
    assertThat(count(confusion, 0xf4f4f6)).isEqualTo(2 * 55 * 55L);
    // Both in the last bin of 450 / 15 pixels: accuracy 0.5 of 450 pixels, confidence 1.
    BufferedImage reliability = read("reliability.png");
    assertThat(count(reliability, 0xe9a99c)).isBetween(27 * 220L, 29 * 225L + 12 * 12);
    assertThat(count(read("mistakes.png"), 0x00c800)).isEqualTo(132 * 66);
  }

  /** Where it is above the confidence, too. */
  @Test
  void bar_endsAtTheAccuracy() throws IOException {
    // All right with a confidence of 0.6: in bin 9, from 270 of 450 pixels.
    float logit = (float) Math.log(0.6001 / 0.3999);
    ReliabilityPicture.write(
        Evaluations.of(List.of("a", "b"), new float[][] {{logit, 0}, {logit, 0}}, 0, 0)
            .calibration(),
        folder.resolve("reliability.png"));
    BufferedImage picture = read("reliability.png");
    int left = 62 + 270;
    for (int y : new int[] {76 + 2, 76 + 100, 76 + 300}) {
      assertThat(picture.getRGB(left + 3, y) & 0xffffff).isEqualTo(0x1f5fa8);
    }
    assertThat(picture.getRGB(left + 15, 76 + 100) & 0xffffff).isEqualTo(0xe0b050);
  }

  @Test
  void confusion_isOfAboutOneSize() throws IOException {
    for (int classes : new int[] {3, 100, 400}) {
      int[] all = IntStream.range(0, classes).toArray();
      List<String> names = IntStream.of(all).mapToObj(i -> "class number " + i).toList();
      ConfusionPicture.write(
          Evaluations.ofPredictions(names, all, all), folder.resolve("confusion.png"));
      BufferedImage picture = read("confusion.png");
      assertThat(picture.getWidth()).isBetween(300, 1200);
      assertThat(picture.getHeight()).isBetween(300, 1250);
      assertThat(count(picture, 0x1f5fa8)).isGreaterThanOrEqualTo(4L * classes);
    }
  }
}
