package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.google.common.io.BaseEncoding;
import com.google.common.primitives.Bytes;
import com.sun.management.ThreadMXBean;
import dev.lamina.io.LaminaException;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImagesTest {
  @TempDir private Path folder;

  @Test
  void png_isReadRowByRowAsRgb() throws IOException {
    BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
    for (int p = 0; p < 6; p++) {
      image.setRGB(p % 3, p / 3, 0x0a40f0 + p);
    }
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, image);
    byte[] expected = new byte[18];
    for (int p = 0; p < 6; p++) {
      expected[3 * p] = 0x0a;
      expected[3 * p + 1] = 0x40;
      expected[3 * p + 2] = (byte) (0xf0 + p);
    }
    assertThat(Images.read(file, 2, 3)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpg"})
  void grey_keepsItsValue(String format) throws IOException {
    for (int value : new int[] {0, 1, 77, 128, 254, 255}) {
      BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
      for (int p = 0; p < 64; p++) {
        image.getRaster().setSample(p % 8, p / 8, 0, value);
      }
      Path file = folder.resolve(value + "." + format);
      ImageFiles.write(file, image);
      byte[] expected = new byte[192];
      Arrays.fill(expected, (byte) value);
      assertThat(Images.read(file, 8, 8)).isEqualTo(expected);
    }
  }

  @Test
  void greyOf16Bits_keepsItsHighByte() throws IOException {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    image.getRaster().setSample(0, 0, 0, 0x80ff);
    image.getRaster().setSample(1, 0, 0, 0x0100);
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, image);
    assertThat(Images.read(file, 1, 2)).containsExactly(0x80, 0x80, 0x80, 1, 1, 1);
  }

  @Test
  void greyOf1Bit_isBlackAndWhite() throws IOException {
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY);
    image.getRaster().setSample(1, 0, 0, 1);
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, image);
    assertThat(Images.read(file, 1, 2)).containsExactly(0, 0, 0, 0xff, 0xff, 0xff);
  }

  @Test
  void palette_isLookedUp() throws IOException {
    IndexColorModel palette =
        new IndexColorModel(
            8, 2, new byte[] {10, 40}, new byte[] {20, 50}, new byte[] {30, (byte) 200});
    BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_INDEXED, palette);
    image.getRaster().setSample(1, 0, 0, 1);
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, image);
    assertThat(Images.read(file, 1, 2)).containsExactly(10, 20, 30, 40, 50, 200);
  }

  @Test
  void transparency_isDropped() throws IOException {
    BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x00112233);
    image.setRGB(1, 0, 0x80112233);
    image.setRGB(2, 0, 0xff112233);
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, image);
    assertThat(Images.read(file, 1, 3))
        .containsExactly(0x11, 0x22, 0x33, 0x11, 0x22, 0x33, 0x11, 0x22, 0x33);
  }

  @Test
  void jpegOfOneColour_isNearlyThatColour() throws IOException {
    Path file = folder.resolve("a.jpg");
    ImageFiles.write(file, 16, 16, 0xc86432);
    byte[] pixels = Images.read(file, 16, 16);
    for (int i = 0; i < pixels.length; i++) {
      assertThat(pixels[i] & 0xff)
          .isCloseTo(new int[] {200, 100, 50}[i % 3], org.assertj.core.api.Assertions.within(3));
    }
  }

  @Test
  void otherSize_isRejected() throws IOException {
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, 3, 5, 0);
    Rejected.with(
        file + " must be 32 x 31 (width x height), is 5 x 3; scale it first",
        () -> Images.read(file, 31, 32));
    Rejected.with(
        file + " must be 3 x 5 (width x height), is 5 x 3; scale it first",
        () -> Images.read(file, 5, 3));
  }

  @Test
  void missingOrFolder_isRejected() {
    for (Path file : new Path[] {folder, folder.resolve("none.png")}) {
      Rejected.with(
          file + " does not exist or is not a file; check the path", () -> Images.read(file, 1, 1));
    }
  }

  @Test
  void zeroBytes_areRejected() throws IOException {
    Path file = Files.createFile(folder.resolve("a.png"));
    Rejected.with(
        file + " is empty (0 bytes); remove it or copy it again", () -> Images.read(file, 1, 1));
  }

  @Test
  void garbage_isRejected() throws IOException {
    Path file = folder.resolve("a.png");
    byte[] garbage = new byte[500];
    for (int seed = 0; seed < 20; seed++) {
      new Random(seed).nextBytes(garbage);
      Files.write(file, seed == 0 ? new byte[500] : garbage);
      Rejected.with(
          file
              + " is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or"
              + " remove it",
          () -> Images.read(file, 1, 1));
    }
  }

  @ParameterizedTest
  @CsvSource({"png, 20", "png, 60", "png, 400", "jpg, 20", "jpg, 300", "jpg, 650", "jpg, 700"})
  void cutImage_isRejected(String format, int bytes) throws IOException {
    Path file = folder.resolve("a." + format);
    ImageFiles.write(file, noise());
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), bytes));
    assertThatThrownBy(() -> Images.read(file, 16, 16))
        .isInstanceOf(LaminaException.class)
        .message()
        .matches(
            "\\Q"
                + file
                + "\\E cannot be decoded as (PNG|JPEG) \\(.+\\); save it again as PNG or JPEG, or remove it if it is"
                + " damaged");
  }

  /** Any damage gives an image or a {@link LaminaException} with a one-line message. */
  @ParameterizedTest
  @ValueSource(strings = {"png", "jpg"})
  void anyDamage_isAnsweredWithADataException(String format) throws IOException {
    Path file = folder.resolve("a." + format);
    ImageFiles.write(file, noise());
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(1);
    int rejected = 0;
    for (int i = 0; i < 300; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(i % 2 == 0 ? 200 : whole.length)] = (byte) random.nextInt(256);
      if (i % 3 == 0) {
        damaged = Arrays.copyOf(damaged, random.nextInt(whole.length) + 1);
      }
      if (format.equals("png")) {
        mendChecksum(damaged);
      }
      Files.write(file, damaged);
      try {
        assertThat(Images.read(file, 16, 16)).hasSize(768);
      } catch (LaminaException e) {
        assertThat(e.getMessage())
            .startsWith(file + " ")
            .doesNotContain("\n")
            .doesNotContain("null");
        rejected++;
      }
    }
    assertThat(rejected).isGreaterThan(30);
  }

  /** More pixels than fit in memory, more than the limit, and more than the file can contain. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "60000 | 60000 | is 60000 x 60000 (width x height), must have at most 67108864 pixels; scale it first",
        "67108865 | 1 | is 67108865 x 1 (width x height), must have at most 67108864 pixels; scale it first",
        "4096 | 8192 | has only 894 bytes, too few for the 4096 x 8192 pixels (width x height) in its header; copy it again, or save it as PNG or JPEG",
        "1000 | 8941 | has only 894 bytes, too few for the 1000 x 8941 pixels (width x height) in its header; copy it again, or save it as PNG or JPEG"
      })
  void header_isNotBelieved(int width, int height, String message) throws IOException {
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, noise());
    byte[] png = Arrays.copyOf(Files.readAllBytes(file), 894);
    ByteBuffer.wrap(png).putInt(16, width).putInt(20, height);
    mendChecksum(png);
    Files.write(file, png);
    Rejected.with(file + " " + message, () -> Images.size(file));
    ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = memory.getCurrentThreadAllocatedBytes();
    Rejected.with(file + " " + message, () -> Images.read(file));
    assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"png", "jpg", "gif", "bmp"})
  void size_isReadFromTheStartOfTheFile(String format) throws IOException {
    Path file = folder.resolve("a." + format);
    ImageFiles.write(file, new BufferedImage(13, 7, BufferedImage.TYPE_INT_RGB));
    byte[] image = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(image, 20_000_000));
    assertThat(Images.size(file)).isEqualTo(new Images.Size(7, 13));
    ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = memory.getCurrentThreadAllocatedBytes();
    Images.size(file);
    assertThat(memory.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
  }

  /** A row of pixels of several samples, uncompressed. */
  private Path tiff(int photometric, int bits, int sampleFormat, int samples, byte[] row)
      throws IOException {
    int[][] entries = {
      {256, 3, 1, row.length * 8 / bits / samples},
      {257, 3, 1, 1},
      {258, 3, samples, 130},
      {259, 3, 1, 1},
      {262, 3, 1, photometric},
      {273, 3, 1, 150},
      {277, 3, 1, samples},
      {278, 3, 1, 1},
      {279, 3, 1, row.length},
      {339, 3, samples, 140},
    };
    ByteBuffer file = ByteBuffer.allocate(150 + row.length);
    file.putInt(0x4d4d002a).putInt(8).putShort((short) entries.length);
    for (int[] entry : entries) {
      file.putShort((short) entry[0]).putShort((short) entry[1]).putInt(entry[2]);
      if (entry[2] == 1) {
        // A single value, also of a tag that otherwise has one for each sample.
        int value =
            switch (entry[0]) {
              case 258 -> bits;
              case 339 -> sampleFormat;
              default -> entry[3];
            };
        file.putShort((short) value).putShort((short) 0);
      } else {
        file.putInt(entry[3]);
      }
    }
    for (int i = 0; i < samples; i++) {
      file.putShort(130 + 2 * i, (short) bits).putShort(140 + 2 * i, (short) sampleFormat);
    }
    return Files.write(folder.resolve("a.tif"), file.put(150, row).array());
  }

  /** Pillow's pixels, within one level. */
  @Test
  void tiffOfInks_isConvertedAsPillowDoes() throws IOException {
    byte[] inks = {(byte) 206, 105, (byte) 204, 0, 79, 110, 21, 0, 10, 20, 30, 100};
    int[] pillow = {49, 150, 51, 176, 145, 234, 149, 143, 137};
    byte[] pixels = Images.read(tiff(5, 8, 1, 4, inks), 1, 3);
    for (int i = 0; i < pillow.length; i++) {
      assertThat(pixels[i] & 0xff).isCloseTo(pillow[i], org.assertj.core.api.Assertions.within(1));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "8, 8, 1, 3, 'its colours are neither RGB nor CMYK, but of kind 8'",
    "5, 16, 1, 4, it is CMYK of more than 8 bits",
    "1, 32, 3, 1, its pixels are signed or floating-point numbers",
    "2, 8, 2, 3, its pixels are signed or floating-point numbers",
  })
  void tiffOfOtherNumbers_isRefused(
      int photometric, int bits, int sampleFormat, int samples, String reason) throws IOException {
    Path file = tiff(photometric, bits, sampleFormat, samples, new byte[24]);
    Rejected.with(
        file
            + " cannot be decoded as TIFF ("
            + reason
            + "); save it again as PNG or JPEG, or remove it if it is damaged",
        () -> Images.read(file));
  }

  @Test
  void tiffWithoutItsWholePalette_isRefused() throws IOException {
    ByteBuffer tiff =
        ByteBuffer.wrap(Files.readAllBytes(Path.of("src/test/resources/images/palette_4.tif")))
            .order(ByteOrder.LITTLE_ENDIAN);
    // The entry of the palette is the tenth.
    int count = 8 + 2 + 9 * 12 + 4;
    assertThat(tiff.getInt(count)).isEqualTo(3 * 16);
    Path file = folder.resolve("a.tif");
    Files.write(file, tiff.putInt(count, 1 << 30).array());
    Rejected.with(
        file
            + " cannot be decoded as TIFF (its palette cannot be read); save it again as PNG or JPEG, or remove it if"
            + " it is damaged",
        () -> Images.read(file));
  }

  @Test
  void lineBreakInAName_isNotPrinted() throws IOException {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "such names are invalid");
    Path file = Files.writeString(folder.resolve("a\nb.png"), "text");
    Rejected.with(
        folder.resolve("a?b.png")
            + " is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or"
            + " remove it",
        () -> Images.read(file));
    Files.delete(file);
    Rejected.with(
        folder.resolve("a?b.png") + " does not exist or is not a file; check the path",
        () -> Images.read(file));
  }

  @Test
  void sizeAfterLongMetadata_isFound() throws IOException {
    Path file = folder.resolve("a.jpg");
    ImageFiles.write(file, new BufferedImage(13, 7, BufferedImage.TYPE_INT_RGB));
    byte[] image = Files.readAllBytes(file);
    byte[] profile = new byte[0xffff + 2];
    ByteBuffer.wrap(profile).putShort((short) 0xffe2).putShort((short) 0xffff);
    Files.write(
        file,
        Bytes.concat(
            Arrays.copyOf(image, 2), profile, profile, Arrays.copyOfRange(image, 2, image.length)));
    assertThat(Images.size(file)).isEqualTo(new Images.Size(7, 13));
  }

  /** An image of one colour has the highest compression ratio; the limit must allow it. */
  @Test
  void largeImageOfOneColour_isRead() throws IOException {
    BufferedImage image = new BufferedImage(4000, 5000, BufferedImage.TYPE_BYTE_BINARY);
    Path file = folder.resolve("a.png");
    ImageFiles.write(file, image);
    assertThat(4000L * 5000 / Files.size(file)).isGreaterThan(5000);
    assertThat(Images.read(file, 5000, 4000)).isEqualTo(new byte[60_000_000]);
  }

  /** As Pillow writes it: 1000 x 1000 pixels of one colour in 86 bytes. */
  @Test
  void losslessWebpOfOneColour_isRead() throws IOException {
    String webp =
        "524946464e000000574542505650384c410000002fe7c3f90007508a2ad4a3ff010149d2ffff"
            + "6444ff33fef39ffffce73ffff9cf7ffef39ffffce73ffff9cf7ffef39ffffce73ffff9cf7ffe"
            + "f39ffffce73fff270300";
    Path file = folder.resolve("a.webp");
    Files.write(file, BaseEncoding.base16().lowerCase().decode(webp));
    byte[] pixels = Images.read(file, 1000, 1000);
    assertThat(pixels).startsWith(10, 20, 30).endsWith(10, 20, 30);
  }

  /** Whole or cut, as Pillow's convert does not apply it. */
  @Test
  void profileOfAWebp_isNotApplied() throws IOException {
    byte[] webp = Files.readAllBytes(Path.of("src/test/resources/images/lossless.webp"));
    byte[] profile = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    Path plain = Files.write(folder.resolve("plain.webp"), webp);
    Images.Size size = Images.size(plain);
    for (byte[] part : new byte[][] {profile, Arrays.copyOf(profile, 100), {}}) {
      Path file = Files.write(folder.resolve("a.webp"), withProfile(webp, size, part));
      assertThat(Images.size(file)).isEqualTo(size);
      assertThat(Images.read(file)).as("%s bytes", part.length).isEqualTo(Images.read(plain));
    }
  }

  /** In the extended format: a header with the flag and the size, the profile, the image. */
  private static byte[] withProfile(byte[] webp, Images.Size size, byte[] profile) {
    ByteBuffer file =
        ByteBuffer.allocate(webp.length + 18 + 8 + profile.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(webp, 0, 12).putInt(4, file.capacity() - 8);
    file.put("VP8X".getBytes(StandardCharsets.US_ASCII)).putInt(10).putInt(0x20);
    for (int side : new int[] {size.width() - 1, size.height() - 1}) {
      file.put((byte) side).put((byte) (side >> 8)).put((byte) (side >> 16));
    }
    file.put("ICCP".getBytes(StandardCharsets.US_ASCII)).putInt(profile.length).put(profile);
    return file.put(webp, 12, webp.length - 12).array();
  }

  @Test
  void formatThatOnlyTheJdkReads_isNoImage() throws IOException {
    Path file = folder.resolve("a.wbmp");
    ImageFiles.write(file, new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_BINARY));
    Rejected.with(
        file
            + " is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or"
            + " remove it",
        () -> Images.read(file, 8, 8));
  }

  /** TensorFlow and Keras go by the content for the first four formats, too. */
  @ParameterizedTest
  @CsvSource({
    "size_16x16.png, a.jpg, ''",
    "size_16x16.jpg, a.PNG, ''",
    "one.gif, a.png, ''",
    "rgb.bmp, a.jpg, ''",
    "lossless.webp, a.WEBP, ''",
    "raw.tif, a.tiff, ''",
    "lossless.webp, a, ''",
    "lossless.webp, a.jpg, ' is a WEBP image with the name of another format; rename it to .webp or convert it'",
    "raw.tif, a.png, ' is a TIFF image with the name of another format; rename it to .tiff or convert it'"
  })
  void nameOfAnotherFormat(String from, String to, String message) throws IOException {
    Path file = folder.resolve(to);
    Files.copy(Path.of("src/test/resources/images").resolve(from), file);
    if (message.isEmpty()) {
      assertThat(Images.read(file)).isNotEmpty();
    } else {
      Rejected.with(file + message, () -> Images.read(file));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"heic", "avif", "mif1"})
  void heicAndAvif_areNamed(String brand) throws IOException {
    Path file = folder.resolve("a.jpg");
    Files.writeString(file, "\0\0\0\u0018ftyp" + brand + "\0\0\0\0mif1heic");
    Rejected.with(
        file + " is a HEIC or AVIF image, which is not read; convert it to JPEG or PNG",
        () -> Images.read(file));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gif", "bmp"})
  void gifAndBmp_areRead(String format) throws IOException {
    Path file = folder.resolve("a." + format);
    ImageFiles.write(file, 2, 3, 0xff8040);
    assertThat(Images.read(file, 2, 3)).hasSize(18).startsWith(0xff, 0x80, 0x40);
  }

  /** Updates the header's checksum, so that the checksum does not reveal the damage. */
  private static void mendChecksum(byte[] png) {
    if (png.length >= 33) {
      CRC32 crc = new CRC32();
      crc.update(png, 12, 17);
      ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
    }
  }

  private static BufferedImage noise() {
    BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(0);
    for (int p = 0; p < 256; p++) {
      image.setRGB(p % 16, p / 16, random.nextInt(1 << 24));
    }
    return image;
  }

  @Test
  void jpegOfManyScans_isRejected() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB), "jpg", bytes);
    Preprocessing any = Preprocessing.defaultFor(8, 8);
    assertThatThrownBy(() -> Images.read("image", withScans(bytes.toByteArray(), 100), any))
        .isInstanceOf(LaminaException.class)
        .hasMessage("image has 101 scans, must have at most 100; save it as a baseline JPEG");
  }

  /** Adds scans of the first component, and before each a comment that looks like an end. */
  private static byte[] withScans(byte[] jpeg, int count) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(jpeg, 0, jpeg.length - 2);
    for (int i = 0; i < count; i++) {
      bytes.writeBytes(new byte[] {-1, (byte) 0xfe, 0, 4, -1, (byte) 0xd9});
      bytes.writeBytes(new byte[] {-1, (byte) 0xda, 0, 8, 1, 1, 0, 0, 63, 0});
    }
    bytes.writeBytes(new byte[] {-1, (byte) 0xd9});
    return bytes.toByteArray();
  }

  /** Such as the film that phones append to a photograph, whose bytes are not scans. */
  @Test
  void whatFollowsAJpeg_isIgnored() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB), "jpg", bytes);
    Preprocessing any = Preprocessing.defaultFor(8, 8);
    byte[] alone = Images.read("image", bytes.toByteArray(), any);
    for (int i = 0; i < 1000; i++) {
      bytes.writeBytes(new byte[] {-1, (byte) 0xda});
    }
    assertThat(Images.read("image", bytes.toByteArray(), any)).isEqualTo(alone);
  }

  /** Of most rows it holds a bit. */
  @Test
  void blankPageOfAFax_isRead() throws IOException {
    BufferedImage page = new BufferedImage(1728, 4320, BufferedImage.TYPE_BYTE_BINARY);
    for (int y = 0; y < 4320; y++) {
      for (int x = 0; x < 1728; x++) {
        page.setRGB(x, y, 0xffffff);
      }
    }
    Path file = folder.resolve("page.tif");
    ImageWriter writer = ImageIO.getImageWritersByFormatName("tiff").next();
    ImageWriteParam options = writer.getDefaultWriteParam();
    options.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    options.setCompressionType("CCITT T.6");
    try (ImageOutputStream stream = ImageIO.createImageOutputStream(file.toFile())) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(page, null, null), options);
    }
    writer.dispose();
    assertThat(Files.size(file)).isLessThan(1728 * 4320 / 2000);
    assertThat(Images.read(file, Preprocessing.defaultFor(1, 1))).containsExactly(-1, -1, -1);
  }

  /** Pillow and libtiff read it too; 16 bits are usual. */
  @Test
  void orientationOf32Bits_isThatOf16() throws IOException {
    Path file = Path.of("src/test/resources/images/orientation_6.tif");
    byte[] tiff = Files.readAllBytes(file);
    byte[] entry = {0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
    int at = Bytes.indexOf(tiff, entry);
    tiff[at + 2] = 4;
    Path other = Files.write(folder.resolve("other.tif"), tiff);
    assertThat(Images.size(other)).isEqualTo(Images.size(file));
    assertThat(Images.read(other)).isEqualTo(Images.read(file));
    tiff[at + 8] = 1;
    assertThat(Images.read(Files.write(other, tiff))).isNotEqualTo(Images.read(file));
  }
}
