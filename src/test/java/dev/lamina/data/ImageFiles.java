package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Image files of one colour for tests. */
final class ImageFiles {
  private ImageFiles() {}

  /** Writes an image of one colour; the file extension selects the format. */
  static void write(Path file, int height, int width, int rgb) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int p = 0; p < height * width; p++) {
      image.setRGB(p % width, p / width, rgb);
    }
    write(file, image);
  }

  /** Writes images {@code 1.png}, {@code 2.png} and so on, whose red value is their number. */
  static void numbered(Path folder, int count) throws IOException {
    for (int i = 1; i <= count; i++) {
      write(folder.resolve(i + ".png"), 1, 1, i << 16);
    }
  }

  static void write(Path file, BufferedImage image) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    String name = file.toString();
    assertThat(ImageIO.write(image, name.substring(name.lastIndexOf('.') + 1), file.toFile()))
        .isTrue();
  }
}
