package dev.lamina.serve;

import dev.lamina.data.ImageSet;
import dev.lamina.model.Model;
import dev.lamina.zoo.ResNetCifar;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** A tiny model, exported, and images for it. */
final class TinyExport {
  static final int HEIGHT = 8;
  static final int WIDTH = 12;
  static final List<String> CLASS_NAMES = List.of("a", "b", "c", "d", "e", "straße");
  static final ImageSet IMAGES = images(7);

  private TinyExport() {}

  /** A model whose outputs differ between images. */
  static Model model() {
    Model model =
        ResNetCifar.builder()
            .width(1)
            .imageSize(HEIGHT, WIDTH)
            .classes(CLASS_NAMES.size())
            .seed(3)
            .build();
    model.classNames(CLASS_NAMES);
    return model;
  }

  /** Writes the model as version 2, beside another model as version 1. */
  static Path write(Model model, Path folder) {
    try (Model other = ResNetCifar.builder().width(1).imageSize(HEIGHT, WIDTH).classes(2).build()) {
      other.export(folder.resolve("1"));
    }
    model.export(folder.resolve("2"));
    return folder;
  }

  /** Writes {@link #model()} and another model. */
  static Path write(Path folder) {
    try (Model model = model()) {
      return write(model, folder);
    }
  }

  private static ImageSet images(int count) {
    byte[] pixels = new byte[count * HEIGHT * WIDTH * 3];
    new Random(5).nextBytes(pixels);
    return ImageSet.of(
        HEIGHT, WIDTH, 3, pixels, new int[count], Collections.nCopies(CLASS_NAMES.size(), "class"));
  }

  /** The pixels of an image as nested JSON arrays. */
  static String json(int image) {
    byte[] pixels = IMAGES.image(image);
    return "["
        + IntStream.range(0, HEIGHT)
            .mapToObj(
                y ->
                    "["
                        + IntStream.range(0, WIDTH)
                            .mapToObj(x -> pixel(pixels, (y * WIDTH + x) * 3))
                            .collect(Collectors.joining(", "))
                        + "]")
            .collect(Collectors.joining(",\n"))
        + "]";
  }

  private static String pixel(byte[] pixels, int at) {
    return Arrays.toString(
        new int[] {pixels[at] & 0xff, pixels[at + 1] & 0xff, pixels[at + 2] & 0xff});
  }

  static byte[] png(int image) {
    return encode(IMAGES.toBufferedImage(image), "png");
  }

  static byte[] encode(BufferedImage image, String format) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, format, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static String base64(byte[] bytes) {
    return "{\"b64\": \"" + Base64.getEncoder().encodeToString(bytes) + "\"}";
  }

  /** A PNG with only a header, which declares that size. */
  static byte[] bomb(int side) {
    byte[] png = png(0);
    java.nio.ByteBuffer.wrap(png).putInt(16, side).putInt(20, side);
    java.util.zip.CRC32 crc = new java.util.zip.CRC32();
    crc.update(png, 12, 17);
    java.nio.ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    return png;
  }
}
