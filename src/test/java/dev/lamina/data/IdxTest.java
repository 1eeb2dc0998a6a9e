package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** IDX files, written here byte by byte. */
class IdxTest {
  private static final String TRAIN_IMAGES = "train-images-idx3-ubyte";
  private static final String TRAIN_LABELS = "train-labels-idx1-ubyte";
  private static final String TEST_IMAGES = "t10k-images-idx3-ubyte";
  private static final String TEST_LABELS = "t10k-labels-idx1-ubyte";

  @TempDir private Path folder;

  @BeforeEach
  void writeTinySet() throws IOException {
    Files.write(folder.resolve(TRAIN_IMAGES), images(1, 3, 28, 28));
    Files.write(folder.resolve(TRAIN_LABELS), labels(7, 0, 9));
    Files.write(folder.resolve(TEST_IMAGES), images(2, 2, 28, 28));
    Files.write(folder.resolve(TEST_LABELS), labels(4, 5));
  }

  @Test
  void grey28_isPaddedTo32WithThreeEqualChannels() throws IOException {
    ImageData data = ImageData.open(folder);
    assertThat(data.train().labels()).containsExactly(7, 0, 9);
    assertThat(data.test().labels()).containsExactly(4, 5);
    assertThat(data.train().classNames())
        .containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
    assertPadded(data.train(), Files.readAllBytes(folder.resolve(TRAIN_IMAGES)), 28, 28, 2, 2);
    assertPadded(data.test(), Files.readAllBytes(folder.resolve(TEST_IMAGES)), 28, 28, 2, 2);
  }

  @Test
  void oddSides_haveTheOddPixelAtTheEnd() throws IOException {
    Files.write(folder.resolve(TRAIN_IMAGES), images(3, 3, 27, 5));
    Files.write(folder.resolve(TEST_IMAGES), images(4, 2, 27, 5));
    ImageSet train = ImageData.open(folder).train();
    assertPadded(train, Files.readAllBytes(folder.resolve(TRAIN_IMAGES)), 27, 5, 2, 13);
  }

  @Test
  void largerImages_keepTheirSize() throws IOException {
    Files.write(folder.resolve(TRAIN_IMAGES), images(3, 3, 33, 40));
    Files.write(folder.resolve(TEST_IMAGES), images(4, 2, 33, 40));
    ImageSet train = ImageData.open(folder).train();
    assertThat(train.height()).isEqualTo(33);
    assertThat(train.width()).isEqualTo(40);
    assertPadded(train, Files.readAllBytes(folder.resolve(TRAIN_IMAGES)), 33, 40, 0, 0);
  }

  @Test
  void compressed_isTheSame(@TempDir Path zipped) throws IOException {
    for (String name : List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)) {
      Files.write(zipped.resolve(name + ".gz"), gzip(Files.readAllBytes(folder.resolve(name))));
    }
    ImageData plain = ImageData.open(folder);
    ImageData compressed = ImageData.open(zipped);
    assertThat(compressed.train().pixels()).isEqualTo(plain.train().pixels());
    assertThat(compressed.train().labels()).isEqualTo(plain.train().labels());
    assertThat(compressed.test().pixels()).isEqualTo(plain.test().pixels());
    assertThat(compressed.test().labels()).isEqualTo(plain.test().labels());
  }

  /** Labels of the training part alone are classes too. */
  @ParameterizedTest
  @ValueSource(strings = {"", ".gz"})
  void testFilesAlone_areOpened(String ending, @TempDir Path alone) throws IOException {
    Files.write(folder.resolve(TRAIN_LABELS), labels(7, 0, 11));
    for (String name : List.of(TEST_IMAGES, TEST_LABELS)) {
      byte[] file = Files.readAllBytes(folder.resolve(name));
      Files.write(alone.resolve(name + ending), ending.isEmpty() ? file : gzip(file));
    }
    ImageSet expected = ImageData.open(folder).test();
    ImageSet beside = ImageData.openTest(folder, ReadOptions.create()).images();
    ImageSet test =
        ImageData.openLabelled(alone, expected.classNames(), ReadOptions.create()).images();
    assertThat(beside.classNames()).isEqualTo(expected.classNames()).hasSize(12);
    assertThat(test.classNames()).isEqualTo(expected.classNames());
    assertThat(ImageData.openTest(alone, ReadOptions.create()).images().classNames()).hasSize(10);
    for (ImageSet set : List.of(beside, test)) {
      assertThat(set.pixels()).isEqualTo(expected.pixels());
      assertThat(set.labels()).containsExactly(4, 5);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fashion-mnist", "FashionMNIST/raw"})
  void fashionFolder_hasItsClassNames(String name) throws IOException {
    Path fashion = Files.createDirectories(folder.resolve(name));
    for (String file : List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)) {
      Files.copy(folder.resolve(file), fashion.resolve(file));
    }
    assertThat(ImageData.open(fashion).train().classNames())
        .containsExactly(
            "t-shirt",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot");
  }

  @Test
  void fashionFarUpThePath_namesNothing() throws IOException {
    Path digits = Files.createDirectories(folder.resolve("fashionable/data/mnist"));
    for (String file : List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)) {
      Files.copy(folder.resolve(file), digits.resolve(file));
    }
    assertThat(ImageData.open(digits).train().classNames()).startsWith("0", "1");
  }

  /** 5 images of 32 x 32 x 3 bytes are 15,360. */
  @Test
  void moreThanMayBeInMemory_staysOnDisk(@TempDir Path cache) {
    ReadOptions options = ReadOptions.create().cache(cache);
    ImageData inMemory = ImageData.open(folder, options.maxMemory(15_360));
    assertThat(inMemory.train().onDisk()).isFalse();
    assertThat(cache).isEmptyDirectory();
    for (int i = 0; i < 2; i++) {
      ImageData onDisk = ImageData.open(folder, options.maxMemory(15_359));
      assertThat(onDisk.train().onDisk()).isTrue();
      assertThat(onDisk.train().pixels()).isEqualTo(inMemory.train().pixels());
      assertThat(onDisk.test().pixels()).isEqualTo(inMemory.test().pixels());
      assertThat(onDisk.notes().get(0)).startsWith("streamed from disk: ");
      assertThat(cache.toFile().list((folder, name) -> !name.endsWith(".lock"))).hasSize(2);
    }
  }

  @Test
  void wrongMagic_isRejected() throws IOException {
    Files.write(folder.resolve(TRAIN_IMAGES), labels(1, 2, 3));
    rejects(TRAIN_IMAGES, "has magic number 2049, must be 2051; copy or download it again");
    Files.write(folder.resolve(TRAIN_LABELS), images(1, 3, 28, 28));
    rejects(TRAIN_LABELS, "has magic number 2051, must be 2049; copy or download it again");
  }

  @Test
  void gzThatIsNone_isRejected() throws IOException {
    Files.delete(folder.resolve(TEST_LABELS));
    Files.write(
        folder.resolve(TEST_LABELS + ".gz"), "not gzip".getBytes(StandardCharsets.US_ASCII));
    // "not " as an integer.
    rejects(
        TEST_LABELS + ".gz",
        "has magic number 1852797984, must be 2049; copy or download it again");
  }

  @Test
  void damagedGz_isRejected() throws IOException {
    Files.delete(folder.resolve(TEST_LABELS));
    byte[] zipped = gzip(labels(4, 5));
    zipped[zipped.length - 6] ^= 1;
    Files.write(folder.resolve(TEST_LABELS + ".gz"), zipped);
    rejects(
        TEST_LABELS + ".gz",
        "cannot be read (java.util.zip.ZipException: Corrupt GZIP trailer); copy or download it again");
    Files.write(folder.resolve(TEST_LABELS + ".gz"), Arrays.copyOf(zipped, zipped.length - 9));
    rejects(TEST_LABELS + ".gz", "is shorter than its header says; copy or download it again");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void countOfLabelsThatIsNotPositive_isRejected(int count) throws IOException {
    byte[] labels = labels(1, 2, 3);
    ByteBuffer.wrap(labels).putInt(4, count);
    Files.write(folder.resolve(TRAIN_LABELS), labels);
    rejects(
        TRAIN_LABELS, "declares " + count + " labels, must be positive; copy or download it again");
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 699_050})
  void countOfLabelsBeyondTheFile_isRejected(int count) throws IOException {
    byte[] labels = labels(1, 2, 3);
    ByteBuffer.wrap(labels).putInt(4, count);
    Files.write(folder.resolve(TRAIN_LABELS), labels);
    rejects(TRAIN_LABELS, "is shorter than its header says; copy or download it again");
  }

  /**
   * The images, padded to 32 x 32, would not fit in memory; the labels alone would need gigabytes.
   */
  @ParameterizedTest
  @ValueSource(ints = {699_051, Integer.MAX_VALUE})
  void countOfLabelsBeyondMemory_isRejected(int count) throws IOException {
    byte[] labels = labels(1, 2, 3);
    ByteBuffer.wrap(labels).putInt(4, count);
    Files.write(folder.resolve(TRAIN_LABELS), labels);
    rejects(
        TRAIN_LABELS,
        "declares "
            + count
            + " labels, more than the 699050 whose images fit in memory; use fewer, or copy or"
            + " download it again");
  }

  @Test
  void otherSizeInTest_isRejected() throws IOException {
    Files.write(folder.resolve(TEST_IMAGES), images(2, 2, 40, 36));
    rejects(
        TRAIN_IMAGES,
        "has images of 32 x 32, but "
            + folder.resolve(TEST_IMAGES)
            + " of 36 x 40 (width x height); copy or download them again");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, Integer.MAX_VALUE, -3})
  void countOfImagesUnlikeLabels_isRejected(int count) throws IOException {
    byte[] images = images(1, 3, 28, 28);
    ByteBuffer.wrap(images).putInt(4, count);
    Files.write(folder.resolve(TRAIN_IMAGES), images);
    rejects(
        TRAIN_IMAGES, "has number of images " + count + ", must be 3; copy or download it again");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -28, 1025, Integer.MAX_VALUE})
  void sideOutOfRange_isRejected(int side) throws IOException {
    for (int at : new int[] {8, 12}) {
      byte[] images = images(1, 3, 28, 28);
      ByteBuffer.wrap(images).putInt(at, side);
      Files.write(folder.resolve(TRAIN_IMAGES), images);
      rejects(
          TRAIN_IMAGES,
          "has images with a side of " + side + ", must be in 1..1024; copy or download it again");
    }
  }

  @Test
  void sidesThatLie_areRejectedBeforeMemoryIsTaken() throws IOException {
    Files.write(folder.resolve(TRAIN_LABELS), labels(new int[600]));
    byte[] images = images(1, 1, 28, 28);
    ByteBuffer.wrap(images).putInt(4, 600).putInt(8, 1024).putInt(12, 1024);
    Files.write(folder.resolve(TRAIN_IMAGES), images);
    rejects(TRAIN_IMAGES, "is shorter than its header says; copy or download it again");
  }

  @Test
  void imagesBeyondMemory_areRejected() throws IOException {
    Files.write(folder.resolve(TRAIN_LABELS), labels(new int[2048]));
    byte[] images = images(1, 1, 28, 28);
    ByteBuffer.wrap(images).putInt(4, 2048).putInt(8, 1024).putInt(12, 1024);
    Files.write(folder.resolve(TRAIN_IMAGES), images);
    rejects(
        TRAIN_IMAGES,
        "has 2048 images of 1024 x 1024, more than the 2 GB that fit in memory; use fewer");
  }

  @ParameterizedTest
  @ValueSource(strings = {TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS})
  void otherLength_isRejected(String name) throws IOException {
    byte[] whole = Files.readAllBytes(folder.resolve(name));
    for (int length : new int[] {0, 1, 7, whole.length - 1}) {
      Files.write(folder.resolve(name), Arrays.copyOf(whole, length));
      rejects(name, "is shorter than its header says; copy or download it again");
    }
    Files.write(folder.resolve(name), Arrays.copyOf(whole, whole.length + 1));
    rejects(name, "is longer than its header says; copy or download it again");
  }

  @Test
  void labelOutOfRange_isRejected() throws IOException {
    Path fashion = Files.createDirectories(folder.resolve("fashion"));
    for (String file : List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES)) {
      Files.copy(folder.resolve(file), fashion.resolve(file));
    }
    Files.write(fashion.resolve(TEST_LABELS), labels(9, 10));
    Rejected.with(
        fashion.resolve(TEST_LABELS)
            + " has label 10 at index 1, must be in 0..9; copy or download it again",
        () -> ImageData.open(fashion));
  }

  @Test
  void anyNumberOfClasses() throws IOException {
    Files.write(folder.resolve(TRAIN_LABELS), labels(46, 0, 3));
    Files.write(folder.resolve(TEST_LABELS), labels(61, 0));
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classes()).isEqualTo(62);
    assertThat(data.train().classNames()).endsWith("60", "61");
    assertThat(data.test().labels()).containsExactly(61, 0);
  }

  /** As of emnist-letters: labels from 1, and the codes of upper and lower case. */
  @Test
  void mapping_namesTheClasses() throws IOException {
    Files.write(folder.resolve(TRAIN_LABELS), labels(1, 2, 12));
    Files.writeString(folder.resolve("mapping.txt"), "1 65 97\n2 66 98\n12 76 108\n");
    assertThat(ImageData.open(folder).train().classNames())
        .containsExactly("0", "A", "B", "3", "4", "5", "6", "7", "8", "9", "10", "11", "L");
    Files.writeString(folder.resolve("mapping.txt"), "1\n");
    rejects(
        "mapping.txt",
        "must have a label and character codes in each line; copy it again or remove it");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "train-images.idx3-ubyte,train-labels.idx1-ubyte,t10k-images.idx3-ubyte,t10k-labels.idx1-ubyte",
        "emnist-letters-train-images-idx3-ubyte,emnist-letters-train-labels-idx1-ubyte,"
            + "emnist-letters-test-images-idx3-ubyte,emnist-letters-test-labels-idx1-ubyte",
      })
  void otherFileNames_areRead(String names, @TempDir Path other) throws IOException {
    List<String> targets = List.of(names.split(",", -1));
    List<String> sources = List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS);
    for (int i = 0; i < 4; i++) {
      Files.copy(folder.resolve(sources.get(i)), other.resolve(targets.get(i)));
    }
    // As Kaggle packs MNIST: the same files again, in folders of these names.
    Files.createDirectories(other.resolve(TRAIN_IMAGES));
    // As macOS leaves them on file systems of others.
    Files.writeString(other.resolve("._" + targets.get(0)), "Mac OS X");
    ImageData data = ImageData.open(other);
    assertThat(data.train().labels()).containsExactly(7, 0, 9);
    assertThat(data.test().pixels()).isEqualTo(ImageData.open(folder).test().pixels());
  }

  @Test
  void severalSetsInOneFolder_areRejected() throws IOException {
    for (String set : List.of("emnist-mnist-", "emnist-digits-")) {
      Files.copy(folder.resolve(TRAIN_IMAGES), folder.resolve(set + TRAIN_IMAGES));
    }
    Files.delete(folder.resolve(TRAIN_IMAGES));
    Files.delete(folder.resolve(TEST_IMAGES));
    Rejected.with(
        folder
            + " must have the IDX files of one data set, has those of emnist-digits-, emnist-mnist-;"
            + " move each into a folder of its own",
        () -> ImageData.open(folder));
  }

  @Test
  void classesWithoutTrainingImages_areNamed() throws IOException {
    assertThat(ImageData.open(folder).notes())
        .containsExactly(
            "no training images of 7 of 10 classes: 1, 2, 3, 4, 5, 6, 8; they cannot be learnt");
  }

  @Test
  void missingFile_isNamed() throws IOException {
    Files.delete(folder.resolve(TEST_LABELS));
    rejects(TEST_LABELS + ".gz", "is missing; copy or download the data set again");
  }

  private void rejects(String name, String message) {
    Rejected.with(folder.resolve(name) + " " + message, () -> ImageData.open(folder));
  }

  private static byte[] images(int seed, int count, int height, int width) {
    byte[] file = new byte[16 + count * height * width];
    new Random(seed).nextBytes(file);
    ByteBuffer.wrap(file).putInt(0x803).putInt(count).putInt(height).putInt(width);
    return file;
  }

  private static byte[] labels(int... labels) {
    ByteBuffer file = ByteBuffer.allocate(8 + labels.length).putInt(0x801).putInt(labels.length);
    for (int label : labels) {
      file.put((byte) label);
    }
    return file.array();
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
      zip.write(content);
    }
    return bytes.toByteArray();
  }

  private static void assertPadded(
      ImageSet set, byte[] file, int height, int width, int top, int left) {
    for (int i = 0; i < set.size(); i++) {
      byte[] expected = new byte[set.height() * set.width() * 3];
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          byte grey = file[16 + (i * height + y) * width + x];
          int at = ((y + top) * set.width() + x + left) * 3;
          Arrays.fill(expected, at, at + 3, grey);
        }
      }
      assertThat(set.image(i)).isEqualTo(expected);
    }
  }
}
