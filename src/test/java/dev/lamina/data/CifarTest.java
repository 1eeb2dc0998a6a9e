package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The binary layout of CIFAR, written here record by record. */
class CifarTest {
  private static final List<String> TEN =
      List.of("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
  private static final int RECORD_10 = 1 + 3 * 1024;

  @TempDir private Path folder;

  @BeforeEach
  void writeCifar10() throws IOException {
    for (int batch = 1; batch <= 5; batch++) {
      Files.write(batch(batch), records(batch, batch % 10));
    }
    Files.write(folder.resolve("test_batch.bin"), records(6, 9, 0));
    Files.write(
        folder.resolve("batches.meta.txt"),
        (String.join("\n", TEN) + "\n\n").getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void cifar10_turnsPlanesIntoPixels() throws IOException {
    ImageData data = ImageData.open(folder);

    assertThat(data.train().size()).isEqualTo(5);
    assertThat(data.train().labels()).containsExactly(1, 2, 3, 4, 5);
    assertThat(data.test().labels()).containsExactly(9, 0);
    assertThat(data.train().classNames()).isEqualTo(TEN);
    for (int batch = 1; batch <= 5; batch++) {
      assertImage(data.train(), batch - 1, Files.readAllBytes(batch(batch)), 1);
    }
    byte[] test = Files.readAllBytes(folder.resolve("test_batch.bin"));
    assertImage(data.test(), 0, test, 1);
    assertImage(data.test(), 1, test, RECORD_10 + 1);
  }

  @Test
  void testFileAlone_isOpened() throws IOException {
    byte[] test = Files.readAllBytes(folder.resolve("test_batch.bin"));
    for (int i = 1; i <= 5; i++) {
      Files.delete(batch(i));
    }
    ImageSet set = ImageData.openTest(folder, ReadOptions.create()).images();
    assertThat(set.labels()).containsExactly(9, 0);
    assertThat(set.classNames()).isEqualTo(TEN);
    assertImage(set, 1, test, RECORD_10 + 1);
  }

  @Test
  void cifar10_isFoundInItsOfficialFolder(@TempDir Path parent) throws IOException {
    Path inner = Files.createDirectory(parent.resolve("cifar-10-batches-bin"));
    for (String name : List.of("test_batch.bin", "batches.meta.txt")) {
      Files.copy(folder.resolve(name), inner.resolve(name));
    }
    for (int i = 1; i <= 5; i++) {
      Files.copy(batch(i), inner.resolve("data_batch_" + i + ".bin"));
    }
    assertThat(ImageData.open(parent).train().labels()).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  void cifar100_takesTheFineLabel(@TempDir Path hundred) throws IOException {
    byte[] train = withCoarseLabels(records(1, 99, 0));
    Files.write(hundred.resolve("train.bin"), train);
    Files.write(hundred.resolve("test.bin"), withCoarseLabels(records(2, 50)));
    List<String> names = IntStream.range(0, 100).mapToObj(i -> "class" + i).toList();
    Files.write(hundred.resolve("fine_label_names.txt"), names);

    ImageData data = ImageData.open(hundred);

    assertThat(data.train().labels()).containsExactly(99, 0);
    assertThat(data.test().labels()).containsExactly(50);
    assertThat(data.train().classNames()).isEqualTo(names);
    assertImage(data.train(), 0, train, 2);
    Files.delete(hundred.resolve("train.bin"));
    assertThat(ImageData.openTest(hundred, ReadOptions.create()).images().hash())
        .isEqualTo(data.test().hash());
    assertImage(data.train(), 1, train, RECORD_10 + 1 + 2);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, RECORD_10 - 1, RECORD_10 + 1, 2 * RECORD_10 - 1})
  void fileOfAnotherLength_isRejected(int bytes) throws IOException {
    Files.write(batch(3), new byte[bytes]);
    Rejected.with(
        batch(3)
            + " has "
            + bytes
            + " bytes, which is not a whole number of 3073-byte records; copy or download it again",
        () -> ImageData.open(folder));
  }

  @Test
  void fileBeyondMemory_isRejected() throws IOException {
    // A sparse file, which uses no disk space.
    try (RandomAccessFile file = new RandomAccessFile(batch(2).toFile(), "rw")) {
      file.setLength(700_000L * RECORD_10);
    }
    Rejected.with(
        folder + " has 700004 images, more than the 2 GB that fit in memory; use fewer",
        () -> ImageData.open(folder));
  }

  @Test
  void labelOutOfRange_isRejected() throws IOException {
    Files.write(batch(4), records(1, 9, 10));
    Rejected.with(
        batch(4) + " has label 10 in record 1, must be in 0..9; copy or download it again",
        () -> ImageData.open(folder));
    Files.write(batch(4), records(1, 255));
    Rejected.with(
        batch(4) + " has label 255 in record 0, must be in 0..9; copy or download it again",
        () -> ImageData.open(folder));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"data_batch_1.bin", "data_batch_5.bin", "test_batch.bin", "batches.meta.txt"})
  void missingFile_isNamed(String name) throws IOException {
    Files.delete(folder.resolve(name));
    Rejected.with(
        folder.resolve(name) + " is missing; copy or download the data set again",
        () -> ImageData.open(folder));
  }

  @Test
  void cifar100WithoutTest_isRejected(@TempDir Path hundred) throws IOException {
    Files.write(hundred.resolve("train.bin"), withCoarseLabels(records(1, 99)));
    Files.write(
        hundred.resolve("fine_label_names.txt"),
        IntStream.range(0, 100).mapToObj(i -> "class" + i).toList());
    Rejected.with(
        hundred.resolve("test.bin") + " is missing; copy or download the data set again",
        () -> ImageData.open(hundred));
  }

  @Test
  void wrongNumberOfNames_isRejected() throws IOException {
    Path names = folder.resolve("batches.meta.txt");
    Files.write(names, TEN.subList(0, 9));
    Rejected.with(
        names + " names 9 classes, must be 10; copy or download it again",
        () -> ImageData.open(folder));
  }

  @Test
  void namesThatAreNoText_areRejected() throws IOException {
    Path names = folder.resolve("batches.meta.txt");
    Files.write(names, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    Rejected.with(
        names
            + " cannot be read (java.nio.charset.MalformedInputException: Input length = 1);"
            + " copy or download it again, and check its permissions",
        () -> ImageData.open(folder));
  }

  private Path batch(int number) {
    return folder.resolve("data_batch_" + number + ".bin");
  }

  private static byte[] records(int seed, int... labels) {
    byte[] records = new byte[labels.length * RECORD_10];
    new Random(seed).nextBytes(records);
    for (int i = 0; i < labels.length; i++) {
      records[i * RECORD_10] = (byte) labels[i];
    }
    return records;
  }

  /** Puts a coarse label, 19, before each record. */
  private static byte[] withCoarseLabels(byte[] records) {
    int count = records.length / RECORD_10;
    byte[] wider = new byte[count * (RECORD_10 + 1)];
    Arrays.fill(wider, (byte) 19);
    for (int i = 0; i < count; i++) {
      System.arraycopy(records, i * RECORD_10, wider, i * (RECORD_10 + 1) + 1, RECORD_10);
    }
    return wider;
  }

  private static void assertImage(ImageSet set, int index, byte[] file, int planes) {
    assertThat(set.height()).isEqualTo(32);
    assertThat(set.width()).isEqualTo(32);
    assertThat(set.channels()).isEqualTo(3);
    byte[] expected = new byte[3072];
    for (int i = 0; i < 3072; i++) {
      expected[i] = file[planes + i % 3 * 1024 + i / 3];
    }
    assertThat(set.image(index)).isEqualTo(expected);
  }
}
