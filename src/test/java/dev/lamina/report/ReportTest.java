package dev.lamina.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.data.ImageSet;
import dev.lamina.io.LaminaException;
import dev.lamina.schedule.OneCycle;
import dev.lamina.step.Metrics;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  private static final History HISTORY =
      new History(
          List.of(
              new Epoch(1, 10, Metrics.of(40, 1.5, 0.25), Optional.empty(), 0.01, 0.95, 2.04),
              new Epoch(
                  2,
                  20,
                  Metrics.of(40, 0.1 + 0.2, 0.75),
                  Optional.empty(),
                  4e-8,
                  0.85,
                  0.041234567)));

  @TempDir Path folder;

  @Test
  void historyCsv_keepsEveryDigit() throws IOException {
    Path file = folder.resolve("deep/history.csv");
    HistoryCsv.write(HISTORY, file);
    assertThat(Files.readAllLines(file))
        .containsExactly(
            "epoch,steps,loss,accuracy,val_loss,val_accuracy,learning_rate,momentum,seconds",
            "1,10,1.5,0.25,,,0.01,0.95,2.04",
            "2,20,0.30000000000000004,0.75,,,4.0E-8,0.85,0.041234567");
  }

  /** The second epoch is of a run that was resumed with another metric. */
  @Test
  void historyCsv_hasFurtherMetrics_ofTrainingAndValidation() throws IOException {
    Path file = folder.resolve("history.csv");
    Metrics first = new Metrics(40, 1.5, metrics("top_2_accuracy", 0.5));
    Metrics validation = new Metrics(10, 2, metrics("top_2_accuracy", 0.75));
    Metrics second = new Metrics(40, 1, metrics("error", 0.125));
    HistoryCsv.write(
        new History(
            List.of(
                new Epoch(1, 10, first, Optional.of(validation), 0.01, 0.95, 2),
                new Epoch(2, 20, second, Optional.empty(), 0.01, 0.95, 1))),
        file);
    assertThat(Files.readAllLines(file))
        .containsExactly(
            "epoch,steps,loss,accuracy,val_loss,val_accuracy,learning_rate,momentum,seconds,"
                + "top_2_accuracy,val_top_2_accuracy,error,val_error",
            "1,10,1.5,0.25,2.0,0.25,0.01,0.95,2.0,0.5,0.75,,",
            "2,20,1.0,0.25,,,0.01,0.95,1.0,,,0.125,");
    assertThat(HistoryCsv.read(file))
        .containsEntry("top_2_accuracy", List.of(0.5, Double.NaN))
        .containsEntry("val_top_2_accuracy", List.of(0.75, Double.NaN))
        .containsEntry("error", List.of(Double.NaN, 0.125));
  }

  private static Map<String, Double> metrics(String name, double value) {
    return Map.of("accuracy", 0.25, name, value);
  }

  @Test
  void historyCsv_whereAFileIsInTheWay() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x").resolve("history.csv");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> HistoryCsv.write(HISTORY, file))
        .withMessageStartingWith(file + " could not be written (")
        .withMessageEndingWith("); free space or choose another folder");
  }

  @Test
  void plots_drawACurve() throws IOException {
    Plots.writeHistory(HISTORY, folder);
    Plots.writeSchedule(OneCycle.of(0.01), 1000, folder);
    for (String name : List.of("accuracy.png", "loss.png", "learning_rate.png")) {
      BufferedImage plot = ImageIO.read(folder.resolve(name).toFile());
      assertThat(plot.getWidth()).isEqualTo(800);
      assertThat(count(plot, 0x1f77b4)).as("points of the curve in %s", name).isGreaterThan(300);
    }
  }

  @Test
  void imageSheet_showsThePixels() throws IOException {
    byte[] pixels = new byte[2 * 3 * 5 * 3];
    for (int i = 0; i < 3 * 5; i++) {
      pixels[i * 3] = (byte) 200;
    }
    ImageSet set = ImageSet.of(3, 5, 3, pixels, new int[] {0, 1}, List.of("red", "black"));
    Path file = folder.resolve("sheet.png");
    ContactSheet.write(List.of(set, set, set), file);
    BufferedImage sheet = ImageIO.read(file.toFile());
    // Three columns, each pixel drawn two by two.
    assertThat(count(sheet, 0xc80000)).isEqualTo(3 * 5 * 3 * 4);
  }

  /** Black and white columns of 320 x 200 pixels become grey ones of 160 x 100. */
  @Test
  void imageSheet_showsLargeImagesSmaller() {
    int height = 200;
    int width = 320;
    byte[] pixels = new byte[height * width];
    for (int i = 1; i < pixels.length; i += 2) {
      pixels[i] = (byte) 255;
    }
    ImageSet set = ImageSet.of(height, width, 1, pixels, new int[] {0}, List.of("a", "b"));
    BufferedImage sheet = ContactSheet.draw(List.of(set, set));
    assertThat(sheet.getWidth()).isEqualTo(110 + 2 * (160 + 4));
    assertThat(sheet.getHeight()).isEqualTo(4 + 100 + 4);
    assertThat(sheet.getRGB(110 + 80, 4 + 50) & 0xff).isBetween(120, 135);
    assertThat(sheet.getRGB(110 + 160 + 1, 4 + 50)).isEqualTo(0xffffffff);
  }

  private static long count(BufferedImage image, int rgb) {
    return java.util.stream.IntStream.range(0, image.getWidth() * image.getHeight())
        .filter(i -> (image.getRGB(i % image.getWidth(), i / image.getWidth()) & 0xffffff) == rgb)
        .count();
  }
}
