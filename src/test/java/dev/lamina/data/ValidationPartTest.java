package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.io.LaminaException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The folder beside train/ that holds validation images. */
class ValidationPartTest {
  @TempDir private Path folder;

  private void write(String part, int width, int grey, String... classes) throws IOException {
    for (String name : classes) {
      Path target = Files.createDirectories(folder.resolve(part).resolve(name));
      BufferedImage image = new BufferedImage(width, 8, BufferedImage.TYPE_INT_RGB);
      image.setRGB(0, 0, grey * 0x010101);
      ImageIO.write(image, "png", target.resolve("0.png").toFile());
    }
  }

  private void refuses(String message) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.open(folder))
        .withMessage(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"validation", "val", "valid"})
  void part_isReadBesideTheOthers(String name) throws IOException {
    write("train", 9, 1, "a", "b");
    write(name, 9, 2, "a", "b");
    write("test", 9, 3, "a", "b");
    ImageData data = ImageData.open(folder);
    ImageSet validation = data.validation().orElseThrow();
    assertThat(List.of(data.train(), validation, data.test()))
        .extracting(set -> (int) set.pixels(0, 1).get(0))
        .containsExactly(1, 2, 3);
    assertThat(validation.size()).isEqualTo(2);
    assertThat(ImageData.streamed(folder, folder.resolve("cache")).validation()).isPresent();
    assertThat(ImageData.isImageFolder(folder)).isTrue();
  }

  @Test
  void noPart_isEmpty() throws IOException {
    write("train", 9, 1, "a", "b");
    write("test", 9, 3, "a", "b");
    assertThat(ImageData.open(folder).validation()).isEmpty();
    assertThat(ImageData.embedded().validation()).isEmpty();
  }

  @Test
  void otherClassesOrSize_areRefused() throws IOException {
    write("train", 9, 1, "a", "b");
    write("test", 9, 3, "a", "b");
    write("val", 7, 2, "a", "b");
    refuses(
        folder.resolve("val/a/0.png")
            + " is 7 x 8, but "
            + folder.resolve("train/a/0.png")
            + " is 9 x 8 (width x height); give --image-size N, or Resize.cover(N) in Java, to scale"
            + " all images to one size");
    write("val", 9, 2, "c");
    refuses(
        folder
            + " must have the same classes in train and val, only in train: [], only in val: [c]; add"
            + " or remove folders");
  }

  @Test
  void publishedFiles_areNoImageFolder() {
    assertThat(ImageData.isImageFolder(folder.resolve("missing"))).isFalse();
    assertThat(ImageData.isImageFolder(folder)).isFalse();
  }
}
