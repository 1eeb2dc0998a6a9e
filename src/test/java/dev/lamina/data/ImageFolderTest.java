package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTest {
  @TempDir private Path folder;

  @Test
  void trainAndTest_areReadInOrderOfClassAndFile() throws IOException {
    ImageFiles.write(folder.resolve("train/zebra/a.png"), 4, 5, 0x010203);
    ImageFiles.write(folder.resolve("train/ant/b.PNG"), 4, 5, 0x040506);
    ImageFiles.write(folder.resolve("train/ant/a.png"), 4, 5, 0x070809);
    ImageFiles.write(folder.resolve("test/ant/a.jpeg"), 4, 5, 0x808080);
    ImageFiles.write(folder.resolve("test/zebra/a.jpg"), 4, 5, 0x000000);
    Files.createFile(folder.resolve("train/ant/readme.txt"));
    Files.createFile(folder.resolve("train/ant/.hidden.png"));
    Files.createDirectory(folder.resolve("train/.hidden"));
    Files.createDirectory(folder.resolve("train/ant/folder.png"));

    ImageData data = ImageData.open(folder);

    assertThat(data.train().classNames()).containsExactly("ant", "zebra");
    assertThat(data.train().labels()).containsExactly(0, 0, 1);
    assertThat(data.train().height()).isEqualTo(4);
    assertThat(data.train().width()).isEqualTo(5);
    assertColour(data.train(), 0, 7, 8, 9);
    assertColour(data.train(), 1, 4, 5, 6);
    assertColour(data.train(), 2, 1, 2, 3);
    assertThat(data.test().labels()).containsExactly(0, 1);
    assertColour(data.test(), 0, 128, 128, 128);
    assertColour(data.test(), 1, 0, 0, 0);
  }

  @Test
  void withoutSplit_aTenthOfEachClassIsTested() throws IOException {
    for (int i = 0; i < 30; i++) {
      ImageFiles.write(folder.resolve("cat/" + (10 + i) + ".png"), 1, 1, i);
    }
    for (int i = 0; i < 20; i++) {
      ImageFiles.write(folder.resolve("dog/" + (10 + i) + ".png"), 1, 1, 100 + i);
    }
    ImageData data = ImageData.open(folder);

    assertThat(Arrays.stream(data.test().labels()).filter(label -> label == 0)).hasSize(3);
    assertThat(Arrays.stream(data.test().labels()).filter(label -> label == 1)).hasSize(2);
    List<Integer> blue = new ArrayList<>();
    for (ImageSet set : List.of(data.train(), data.test())) {
      for (int i = 0; i < set.size(); i++) {
        int value = set.image(i)[2];
        blue.add(value);
        assertThat(set.label(i)).isEqualTo(value / 100);
      }
    }
    assertThat(blue)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.concat(IntStream.range(0, 30), IntStream.range(100, 120)).boxed().toList());
    assertThat(ImageData.open(folder).test().pixels()).isEqualTo(data.test().pixels());
  }

  @Test
  void smallClasses_haveATestImageEach() throws IOException {
    for (String name : List.of("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png", "dog/3.png")) {
      ImageFiles.write(folder.resolve(name), 1, 1, 0);
    }
    assertThat(ImageData.open(folder).test().labels()).containsExactlyInAnyOrder(0, 1);
  }

  @Test
  void classOfOneImage_cannotBeSplit() throws IOException {
    for (String name : List.of("cat/1.png", "cat/2.png", "dog/1.png")) {
      ImageFiles.write(folder.resolve(name), 1, 1, 0);
    }
    Rejected.with(
        "class dog of "
            + folder
            + " must have at least 2 images, one of them to test with, got 1; add images, or make"
            + " train/CLASS/ and test/CLASS/",
        () -> ImageData.open(folder));
  }

  @Test
  void missingPath_isRejected() {
    Path missing = folder.resolve("missing");
    Rejected.with(
        missing + " does not exist; check the path, or name cifar10, cifar100 or fashion-mnist",
        () -> ImageData.open(missing));
  }

  @Test
  void noDataSet_isRejected() throws IOException {
    String message =
        "is no data set; it must contain CIFAR binary files (data_batch_1.bin or train.bin), IDX"
            + " files (train-images-idx3-ubyte), images in train|test/CLASS/ or CLASS/, or a CSV file"
            + " of images and labels (labels.csv)";
    rejects(folder, message);
    Files.createDirectory(folder.resolve("empty"));
    Files.createFile(folder.resolve("image.png"));
    rejects(folder, message);
    Path file = folder.resolve("image.png");
    Rejected.with(file + " " + message, () -> ImageData.open(file));
  }

  @Test
  void onlyTrainOrOnlyTest_isRejected() throws IOException {
    String message =
        "is missing; put the images into train/CLASS/ and test/CLASS/, or all into CLASS/";
    ImageFiles.write(folder.resolve("train/cat/1.png"), 1, 1, 0);
    ImageFiles.write(folder.resolve("train/dog/1.png"), 1, 1, 0);
    rejects(folder.resolve("test"), message);
    Files.move(folder.resolve("train"), folder.resolve("test"));
    rejects(folder.resolve("train"), message);
  }

  @Test
  void labelledImages_areThoseOfTestOrAll() throws IOException {
    List<String> classes = List.of("ant", "cat", "dog");
    ImageFiles.write(folder.resolve("dog/1.png"), 4, 5, 0x010203);
    ImageFiles.write(folder.resolve("ant/1.png"), 4, 5, 0x040506);
    ImageSet all = ImageData.openLabelled(folder, classes, ReadOptions.create()).images();
    assertThat(all.classNames()).isEqualTo(classes);
    assertThat(all.labels()).containsExactly(0, 2);
    assertColour(all, 1, 1, 2, 3);

    ImageFiles.write(folder.resolve("test/cat/1.png"), 4, 5, 0x070809);
    ImageSet test = ImageData.openLabelled(folder, classes, ReadOptions.create()).images();
    assertThat(test.labels()).containsExactly(1);
    assertColour(test, 0, 7, 8, 9);
    Rejected.with(
        "classes of %s must be among those of the model [ant, dog], got [cat]; rename or remove them"
            .formatted(folder.resolve("test")),
        () -> ImageData.openLabelled(folder, List.of("ant", "dog"), ReadOptions.create()));
  }

  /** The damaged training image would be refused. */
  @Test
  void openTest_decodesNothingElse() throws IOException {
    for (String name : List.of("train/cat/1.png", "train/dog/1.png", "test/cat/1.png")) {
      ImageFiles.write(folder.resolve(name), 4, 5, 0);
    }
    ImageFiles.write(folder.resolve("test/dog/1.png"), 4, 5, 0x0a0b0c);
    Files.writeString(folder.resolve("train/cat/1.png"), "no image");
    ImageSet test = ImageData.openTest(folder, ReadOptions.create()).images();
    assertThat(test.labels()).containsExactly(0, 1);
    assertColour(test, 1, 10, 11, 12);
  }

  @Test
  void otherClassesInTest_areRejected() throws IOException {
    for (String name : List.of("train/cat/1.png", "train/dog/1.png", "test/cat/1.png")) {
      ImageFiles.write(folder.resolve(name), 1, 1, 0);
    }
    rejects(
        folder,
        "must have the same classes in train and test, only in train: [dog], only in test: [];"
            + " add or remove folders");
    ImageFiles.write(folder.resolve("test/cow/1.png"), 1, 1, 0);
    rejects(
        folder,
        "must have the same classes in train and test, only in train: [dog], only in test: [cow];"
            + " add or remove folders");
  }

  @Test
  void oneClass_isRejected() throws IOException {
    ImageFiles.write(folder.resolve("cat/1.png"), 1, 1, 0);
    rejects(folder, "must have a folder for each of at least 2 classes, got [cat]");
  }

  @Test
  void imagesWithoutClassFolders_areRejected() throws IOException {
    ImageFiles.write(folder.resolve("train/1.png"), 1, 1, 0);
    ImageFiles.write(folder.resolve("test/1.png"), 1, 1, 0);
    rejects(folder.resolve("train"), "must have a folder for each of at least 2 classes, got []");
  }

  @Test
  void emptyClass_isRejected() throws IOException {
    ImageFiles.write(folder.resolve("cat/1.png"), 1, 1, 0);
    Files.createDirectories(folder.resolve("dog"));
    rejects(
        folder.resolve("dog"),
        "has no PNG or JPEG images, nor others that are read; add some or remove the folder");
    Files.createFile(folder.resolve("dog/1.heic"));
    rejects(
        folder.resolve("dog"),
        "has no PNG or JPEG images, nor others that are read, only 1 HEIC image (not read: convert to"
            + " JPEG or PNG): 1.heic; add some or remove the folder");
  }

  @Test
  void mixedSizes_areRejected() throws IOException {
    for (String name : List.of("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")) {
      ImageFiles.write(folder.resolve(name), 4, 5, 0);
    }
    ImageFiles.write(folder.resolve("dog/3.png"), 5, 4, 0);
    ImageFiles.write(folder.resolve("dog/4.png"), 5, 4, 0);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.open(folder))
        .withMessageMatching(
            Pattern.quote(folder.resolve("dog").toString())
                + "/[34]\\.png is 4 x 5, but .*/(cat|dog)/[12]\\.png is 5 x 4 \\(width x height\\); give"
                + " --image-size N, or Resize.cover\\(N\\) in Java, to scale all images to one size");
    ImageSet resized = ImageData.open(folder, Resize.stretch(3, 2)).train();
    assertThat(List.of(resized.height(), resized.width())).containsExactly(3, 2);
  }

  @Test
  void testImagesOfAnotherSize_areRejected() throws IOException {
    for (String name : List.of("cat/1.png", "dog/1.png")) {
      ImageFiles.write(folder.resolve("train/" + name), 4, 5, 0);
      ImageFiles.write(folder.resolve("test/" + name), 4, 6, 0);
    }
    rejects(
        folder.resolve("test/cat/1.png"),
        "is 6 x 4, but "
            + folder.resolve("train/cat/1.png")
            + " is 5 x 4 (width x height); give --image-size N, or Resize.cover(N) in Java, to scale"
            + " all images to one size");
  }

  /** Those of all parts, in memory and streamed; nothing is left in the cache. */
  @RepeatedTest(3)
  void severalBadFiles_areCounted_theFirstWithItsReason(@TempDir Path cache) throws IOException {
    ImageFiles.write(folder.resolve("test/cat/1.png"), 2, 2, 0);
    Files.createFile(folder.resolve("test/cat/2.png"));
    ImageFiles.write(folder.resolve("test/dog/1.png"), 2, 2, 0);
    for (int i = 100; i < 160; i++) {
      Path file = folder.resolve((i < 130 ? "train/cat/" : "train/dog/") + i + ".png");
      ImageFiles.write(file, 2, 2, 0);
      if (i == 115) {
        Files.write(file, new byte[0]);
      } else if (i > 115 && i % 3 == 0) {
        Files.write(file, "no image".getBytes(StandardCharsets.US_ASCII));
      }
    }
    // 115, the multiples of 3 from 117 to 159, and one of the test part.
    String message =
        folder.resolve("train/cat/115.png")
            + " is empty (0 bytes); remove it or copy it again; 17 of 63 images cannot be read, the"
            + " others are "
            + folder.resolve("train/cat/117.png")
            + ", "
            + folder.resolve("train/cat/120.png")
            + ", "
            + folder.resolve("train/cat/123.png")
            + ", ...";
    Rejected.with(message, () -> ImageData.open(folder));
    Rejected.with(message, () -> ImageData.streamed(folder, cache));
    assertThat(cache.toFile().list()).allMatch(name -> name.endsWith(".lock"));
  }

  @Test
  void falseHeaders_areDamagedImages() throws IOException {
    for (int i = 0; i < 4; i++) {
      Path file = folder.resolve((i < 2 ? "cat/" : "dog/") + i + ".png");
      ImageFiles.write(file, 1, 1, 0);
      // The expected length of the file.
      byte[] png = Arrays.copyOf(Files.readAllBytes(file), 3400);
      ByteBuffer.wrap(png).putInt(16, 5792).putInt(20, 5793);
      CRC32 crc = new CRC32();
      crc.update(png, 12, 17);
      ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
      Files.write(file, png);
    }
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.open(folder, ReadOptions.create().cache(folder.resolve(".c"))))
        .withMessageStartingWith(folder.toString())
        .withMessageContaining("; 4 of 4 images cannot be read, the others are ");
    assertThat(folder.resolve(".c"))
        .satisfiesAnyOf(
            cache -> assertThat(cache).doesNotExist(),
            cache -> assertThat(cache.toFile().list()).allMatch(name -> name.endsWith(".lock")));
  }

  private void rejects(Path path, String message) {
    Rejected.with(path + " " + message, () -> ImageData.open(folder));
  }

  private static void assertColour(ImageSet set, int index, int red, int green, int blue) {
    byte[] expected = new byte[set.height() * set.width() * 3];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = (byte) new int[] {red, green, blue}[i % 3];
    }
    assertThat(set.image(index)).isEqualTo(expected);
  }
}
