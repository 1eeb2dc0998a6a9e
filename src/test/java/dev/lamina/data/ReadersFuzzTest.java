package dev.lamina.data;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Fuzz;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every reader of data files under fire. */
class ReadersFuzzTest {
  private static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  private static final String TRAIN_LABELS = "train-labels-idx1-ubyte";

  private Path folder = Path.of("");

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Fuzz.folder();
  }

  @AfterEach
  void deleteFolder() throws IOException {
    Archives.delete(folder);
  }

  @Test
  void idx() throws Exception {
    byte[] pixels = new byte[2 * 3 * 5];
    new Random(1).nextBytes(pixels);
    byte[] images = idx(0x803, pixels, 2, 3, 5);
    byte[] labels = idx(0x801, new byte[] {3, 9}, 2);
    Fuzz.of(
            "idx",
            List.of(images, labels, gzip(images), gzip(labels)),
            (input, kind) -> {
              Map<String, byte[]> files =
                  Map.of(
                      TRAIN_IMAGES,
                      kind % 2 == 0 ? input : images,
                      TRAIN_LABELS,
                      kind % 2 == 1 ? input : labels,
                      "t10k-images-idx3-ubyte",
                      images,
                      "t10k-labels-idx1-ubyte",
                      labels);
              ImageSet train = Idx.read(source(files), ReadOptions.create()).train();
              // What was read is what stands in the files.
              byte[] imageFile = plain(kind % 2 == 0 ? input : images);
              byte[] labelFile = plain(kind % 2 == 1 ? input : labels);
              assertThat(greys(train, imageFile)).isEqualTo(imageFile);
              assertThat(labels(train, labelFile)).isEqualTo(labelFile);
            })
        .file("folder/")
        // An image of one pixel becomes 32 x 32 x 3 bytes.
        .memory(1 << 19, 5 * 3072)
        .run(5000);
  }

  /** The file without compression. */
  private static byte[] plain(byte[] file) throws IOException {
    boolean compressed = file[0] == 0x1f && file[1] == (byte) 0x8b;
    return compressed ? new GZIPInputStream(new ByteArrayInputStream(file)).readAllBytes() : file;
  }

  /** The IDX file of the labels of a set. */
  private static byte[] labels(ImageSet set, byte[] file) {
    byte[] labels = Arrays.copyOf(file, 8 + set.size());
    for (int i = 0; i < set.size(); i++) {
      labels[8 + i] = (byte) set.label(i);
    }
    return labels;
  }

  /** The IDX file of the images of a set: the red values, without the border of black. */
  private static byte[] greys(ImageSet set, byte[] file) {
    ByteBuffer header = ByteBuffer.wrap(file);
    int height = header.getInt(8);
    int width = header.getInt(12);
    ByteBuffer pixels = set.pixels();
    byte[] greys = Arrays.copyOf(file, 16 + set.size() * height * width);
    for (int i = 16; i < greys.length; i++) {
      int p = i - 16;
      int row = p / width % height + (set.height() - height) / 2;
      int column = p % width + (set.width() - width) / 2;
      int image = p / (height * width);
      greys[i] = pixels.get(((image * set.height() + row) * set.width() + column) * 3);
    }
    return greys;
  }

  private static Idx.Source source(Map<String, byte[]> files) {
    return new Idx.Source() {
      @Override
      public InputStream open(String name) {
        return new ByteArrayInputStream(files.getOrDefault(name, new byte[0]));
      }

      @Override
      public String describe(String name) {
        return "folder/" + name;
      }

      @Override
      public List<String> classNames(int maxLabel) {
        return List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
      }
    };
  }

  private static byte[] idx(int magic, byte[] content, int... sides) {
    ByteBuffer buffer = ByteBuffer.allocate(4 + 4 * sides.length + content.length).putInt(magic);
    Arrays.stream(sides).forEach(buffer::putInt);
    return buffer.put(content).array();
  }

  @Test
  void cifar() throws Exception {
    byte[] names = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".getBytes(US_ASCII);
    byte[] record = new byte[3073];
    new Random(1).nextBytes(record);
    record[0] = 9;
    Path data = folder.resolve("test_batch.bin");
    Path meta = folder.resolve("batches.meta.txt");
    Fuzz.of(
            "cifar",
            List.of(record, names),
            (input, kind) -> {
              Files.write(data, kind == 0 ? input : record);
              Files.write(meta, kind == 1 ? input : names);
              assertThat(Cifar10.test(folder).classes()).isEqualTo(10);
            })
        .file(folder)
        .run(2000);
  }

  @Test
  void images() throws Exception {
    Path file = folder.resolve("image");
    Fuzz.of("images", imageFiles(), (input, kind) -> readImage(file, input))
        .file(file)
        .words(
            "PLTE",
            "tRNS",
            "iCCP",
            "zTXt",
            "IDAT",
            "IEND",
            "JFIF",
            "Exif",
            "ICC_PROFILE",
            "Adobe",
            "VP8 ",
            "VP8L",
            "VP8X",
            "ALPH",
            "EXIF",
            "RIFF",
            "II*\0",
            "MM\0*")
        .repair(ReadersFuzzTest::mendPng)
        // At most 10,000 pixels per byte: 8 bytes each for the decoder, 3 for the result, and up to
        // 24 that the JDK allocates and releases row by row for a progressive JPEG. The test
        // measures all allocations, not the peak.
        .memory(1 << 20, 350_000)
        .run(3000);
  }

  private static void readImage(Path file, byte[] input) throws IOException {
    Files.write(file, input);
    byte[] pixels = Images.read(file);
    Images.Size size = Images.size(file);
    assertThat(pixels).hasSize(3 * size.height() * size.width());
  }

  /** Orientations and palettes, which are not those of the JDK's decoder. */
  @Test
  void tiffs() throws Exception {
    Path file = folder.resolve("tiff");
    List<byte[]> files = new ArrayList<>();
    for (String name : List.of("orientation_6.tif", "palette_1.tif", "palette_4.tif")) {
      files.add(Files.readAllBytes(Path.of("src/test/resources/images", name)));
    }
    Fuzz.of("tiffs", files, (input, kind) -> readImage(file, input))
        .file(file)
        .words("II*\0", "MM\0*")
        .memory(1 << 20, 350_000)
        .run(1000);
  }

  /** All pixel types in all formats, each as small as possible. */
  private static List<byte[]> imageFiles() throws IOException {
    List<byte[]> files = new ArrayList<>();
    for (int type :
        new int[] {
          BufferedImage.TYPE_INT_RGB,
          BufferedImage.TYPE_INT_ARGB,
          BufferedImage.TYPE_BYTE_GRAY,
          BufferedImage.TYPE_USHORT_GRAY,
          BufferedImage.TYPE_BYTE_INDEXED,
          BufferedImage.TYPE_BYTE_BINARY
        }) {
      BufferedImage image = new BufferedImage(9, 7, type);
      Random random = new Random(0);
      for (int p = 0; p < 63; p++) {
        image.setRGB(p % 9, p / 9, random.nextInt());
      }
      for (String format : new String[] {"png", "jpg", "gif", "bmp"}) {
        for (int mode : new int[] {ImageWriteParam.MODE_DISABLED, ImageWriteParam.MODE_DEFAULT}) {
          try {
            files.add(encode(image, format, mode));
          } catch (IOException | UnsupportedOperationException e) {
            // The format does not support this pixel type, or has no progressive mode.
          }
        }
      }
    }
    assertThat(files.size()).isGreaterThan(20);
    for (String name :
        List.of(
            "lzw.tif",
            "deflate.tif",
            "grey.tif",
            "fax.tif",
            "lossless.webp",
            "lossy.webp",
            "alpha_lossless.webp",
            "orientation.webp",
            "orientation_6.jpg",
            "ycck.jpg")) {
      files.add(Files.readAllBytes(Path.of("src/test/resources/images", name)));
    }
    return files;
  }

  private static byte[] encode(BufferedImage image, String format, int progressive)
      throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
    ImageWriteParam options = writer.getDefaultWriteParam();
    options.setProgressiveMode(progressive);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream output = ImageIO.createImageOutputStream(bytes)) {
      writer.setOutput(output);
      writer.write(null, new IIOImage(image, null, null), options);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  /** Repairs the checksum of every chunk; other formats are unchanged. */
  private static byte[] mendPng(byte[] bytes) {
    ByteBuffer png = ByteBuffer.wrap(bytes);
    int at = 8;
    while (bytes.length >= 12 && bytes[1] == 'P' && at <= bytes.length - 12) {
      int length = png.getInt(at);
      if (length < 0 || length > bytes.length - 12 - at) {
        break;
      }
      CRC32 crc = new CRC32();
      crc.update(bytes, at + 4, length + 4);
      png.putInt(at + 8 + length, (int) crc.getValue());
      at += 12 + length;
    }
    return bytes;
  }

  @Test
  void archives() throws Exception {
    Path archive = folder.resolve("a.tar.gz");
    Path target = folder.resolve("unpacked");
    byte[] plain = tar(TarArchiveOutputStream.LONGFILE_POSIX);
    byte[] gnu = tar(TarArchiveOutputStream.LONGFILE_GNU);
    Fuzz.of(
            "archives",
            List.of(plain, gnu, gzip(plain)),
            (input, kind) -> {
              Files.write(archive, kind < 2 ? gzip(input) : input);
              Files.createDirectory(target);
              try {
                Archives.unpack(archive, target);
              } finally {
                Archives.delete(target);
                try (Stream<Path> left = Files.list(folder)) {
                  assertThat(left).containsExactly(archive);
                }
              }
            })
        .file(archive)
        .words(
            "../", "/", "path=", "size=", "GNU.sparse.size=", "22 ", "\0", "ustar", "L", "x", "S")
        .repair(ReadersFuzzTest::mendTar)
        .memory(1 << 19, 200)
        .run(1500);
  }

  private static byte[] tar(int longNames) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, 512)) {
      tar.setLongFileMode(longNames);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      for (String name : new String[] {"folder/", "folder/a.bin", "b/" + "long".repeat(30)}) {
        TarArchiveEntry entry = new TarArchiveEntry(name);
        entry.setSize(name.endsWith("/") ? 0 : 40);
        tar.putArchiveEntry(entry);
        tar.write(new byte[name.endsWith("/") ? 0 : 40]);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  /** Repairs the checksum of every block that can be a header: the sum of its bytes, in octal. */
  private static byte[] mendTar(byte[] bytes) {
    for (int at = 0; at + 512 <= bytes.length; at += 512) {
      if (bytes[at + 257] == 'u') {
        Arrays.fill(bytes, at + 148, at + 156, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < 512; i++) {
          sum += bytes[at + i] & 0xff;
        }
        byte[] octal = String.format("%06o\0 ", sum).getBytes(US_ASCII);
        System.arraycopy(octal, 0, bytes, at + 148, 8);
      }
    }
    return bytes;
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
      out.write(bytes);
    }
    return zipped.toByteArray();
  }
}
