package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Images whose sides differ much. Scaled to cover the result, they would have more columns than
 * Java can count; scaled along one side alone, they would not fit in memory.
 */
class LongImagesTest {
  private static final int HEIGHT = 1024;
  private static final int WIDTH = 2048;

  /** Times a side of the result, more than an int can hold. */
  private static final int LONG = 1_100_000;

  /** A file, whose rows take long to write. */
  private static final int TALL = 70_000;

  @TempDir private Path folder;

  private static BufferedImage grey(int width, int height) {
    return new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
  }

  private static String message(Object name, int width, int height) {
    return "%s is %d x %d (width x height), must be at most 65536 x 32768 to be resized to 2048 x 1024; crop it first"
        .formatted(name, width, height);
  }

  @ParameterizedTest
  @EnumSource
  void longImage_isNamed(Resize.Mode mode) throws IOException {
    Resize resize = new Resize(mode, HEIGHT, WIDTH, 1, Resize.Filter.BILINEAR);
    Path tall = folder.resolve("tall.png");
    ImageFiles.write(tall, grey(1, TALL));
    Rejected.with(message(tall, 1, TALL), () -> Images.read(tall, Preprocessing.of(resize)));
    Rejected.with(message("image", 1, LONG), () -> resize.apply(grey(1, LONG)));
    Rejected.with(message("image", LONG, 1), () -> resize.apply(grey(LONG, 1)));
    Rejected.with(message("image", 1, 32769), () -> resize.apply(grey(1, 32769)));
    Rejected.with(message("image", 65537, 1), () -> resize.apply(grey(65537, 1)));
    assertThat(resize.apply(grey(1, 32768))).hasSize(3 * HEIGHT * WIDTH);
    assertThat(resize.apply(grey(65536, 1))).hasSize(3 * HEIGHT * WIDTH);
  }

  /** A PNG file of a kilobyte can have these pixels; as rows of the result they take 201 MB. */
  @ParameterizedTest
  @EnumSource(names = {"FIT", "STRETCH"})
  void manyShortRows_takeLittleMemory(Resize.Mode mode) {
    Resize resize = new Resize(mode, 224, 224, 1, Resize.Filter.BILINEAR);
    RgbImage image = new RgbImage(299_593, 1, new byte[3 * 299_593]);
    ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = memory.getCurrentThreadAllocatedBytes();
    resize.apply(new ImageName("image", ""), image);
    assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(32 << 20);
  }

  @Test
  void resultOfMorePixelsThanAnArray_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Resize.stretch(26755, 26755))
        .withMessage("height x width must be at most 715827882 pixels, got 26755 x 26755");
    assertThat(Resize.stretch(26754, 26755).height()).isEqualTo(26754);
  }

  /** With a crop an image is scaled to more pixels. */
  @Test
  void crop_isCounted() {
    Resize resize = Resize.cover(HEIGHT, WIDTH).crop(0.5);
    Rejected.with(
        "image is 1 x 16385 (width x height), must be at most 32768 x 16384 to be resized to 2048 x 1024; crop it first",
        () -> resize.apply(grey(1, 16385)));
  }

  @Test
  void longImageOfADataSet_isNamed() throws IOException {
    for (String name : List.of("a/1.png", "a/2.png", "b/1.png")) {
      ImageFiles.write(folder.resolve(name), grey(2, 2));
    }
    Path tall = folder.resolve("b/2.png");
    ImageFiles.write(tall, grey(1, TALL));
    Resize resize = Resize.cover(HEIGHT, WIDTH);
    Rejected.with(message(tall, 1, TALL), () -> ImageData.open(folder, resize));
  }
}
