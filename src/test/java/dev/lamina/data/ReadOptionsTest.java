package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.io.LaminaException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images of several sizes, in memory and on disk. */
class ReadOptionsTest {
  @TempDir private Path folder;
  @TempDir private Path cache;

  /** A wide and a high image in each class of each part. */
  @BeforeEach
  void write() throws IOException {
    for (String name : List.of("train/a/", "train/b/", "test/a/", "test/b/")) {
      ImageFiles.write(folder.resolve(name + "high.png"), image(4, 8));
      ImageFiles.write(folder.resolve(name + "wide.png"), image(8, 4));
    }
  }

  /** The red value of a pixel is ten times its column, green ten times its row. */
  private static BufferedImage image(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, (10 * x) << 16 | (10 * y) << 8 | 1);
      }
    }
    return image;
  }

  /** The columns and rows of the original that stand in a row of the result. */
  private static List<String> row(ImageSet set, int image, int y) {
    byte[] pixels = set.image(image);
    return IntStream.range(0, set.width())
        .map(x -> (y * set.width() + x) * 3)
        .mapToObj(p -> pixels[p + 2] == 0 ? "-" : pixels[p] / 10 + "," + pixels[p + 1] / 10)
        .toList();
  }

  /** Chosen so that nothing is scaled: every pixel of the result is one of the original. */
  @Test
  void images_becomeOneSize() {
    ImageSet cover = ImageData.open(folder, Resize.cover(4)).train();
    assertThat(List.of(cover.size(), cover.height(), cover.width())).containsExactly(4, 4, 4);
    assertThat(row(cover, 0, 0)).containsExactly("0,2", "1,2", "2,2", "3,2");
    assertThat(row(cover, 1, 0)).containsExactly("2,0", "3,0", "4,0", "5,0");
    ImageSet fit = ImageData.open(folder, Resize.fit(8)).train();
    assertThat(row(fit, 0, 7)).containsExactly("-", "-", "0,7", "1,7", "2,7", "3,7", "-", "-");
    assertThat(row(fit, 1, 1)).containsOnly("-");
    assertThat(row(fit, 1, 2)).startsWith("0,0", "1,0");
  }

  @Test
  void sets_knowHowTheyWerePrepared() {
    Preprocessing preprocessing = Preprocessing.of(Resize.stretch(5, 6)).upright(true);
    ImageData data = ImageData.open(folder, preprocessing);
    assertThat(data.train().preprocessing()).isEqualTo(preprocessing);
    assertThat(data.test().preprocessing()).isEqualTo(preprocessing);
    ImageData streamed = ImageData.streamed(folder, preprocessing, cache);
    assertThat(streamed.train().onDisk()).isTrue();
    assertThat(streamed.test().preprocessing()).isEqualTo(preprocessing);
    assertThat(streamed.train().pixels()).isEqualTo(data.train().pixels());
  }

  private List<String> cached() {
    return Arrays.stream(cache.toFile().list())
        .filter(name -> !name.endsWith(".lock"))
        .sorted()
        .toList();
  }

  @Test
  void cache_isOfOnePreprocessing() {
    Preprocessing cover = Preprocessing.of(Resize.cover(4));
    ImageData first = ImageData.streamed(folder, cover, cache);
    assertThat(first.report().decoded()).isEqualTo(8);
    List<String> files = cached();
    assertThat(files).hasSize(2);
    ImageData again = ImageData.streamed(folder, cover, cache);
    assertThat(cached()).isEqualTo(files);
    assertThat(again.report().decoded()).isZero();
    assertThat(again.notes()).isEmpty();
    assertThat(again.train().pixels()).isEqualTo(first.train().pixels());
    for (Preprocessing other :
        List.of(
            Preprocessing.of(Resize.fit(4)),
            cover.upright(true),
            Preprocessing.of(Resize.cover(4).filter(Resize.Filter.BICUBIC)))) {
      int before = cached().size();
      ImageData.streamed(folder, other, cache);
      assertThat(cached()).as("%s", other).hasSize(before + 2);
    }
  }

  /** The second begins while the first one decodes. */
  @Test
  void twoAtOnce_decodeOnce() {
    ReadOptions options =
        ReadOptions.create()
            .preprocessing(Preprocessing.of(Resize.cover(4)))
            .cache(cache)
            .streamed(true);
    List<CompletableFuture<ImageData>> others = new CopyOnWriteArrayList<>();
    ImageData first =
        ImageData.open(
            folder,
            options.listener(
                (done, total) -> {
                  if (done == 1) {
                    others.add(
                        CompletableFuture.supplyAsync(
                            () -> ImageData.open(folder, options),
                            task -> new Thread(task).start()));
                  }
                }));
    ImageData second = others.get(0).join();
    assertThat(first.report().decoded() + second.report().decoded()).isEqualTo(8);
    assertThat(second.train().image(0)).isEqualTo(first.train().image(0));
    assertThat(second.test().image(0)).isEqualTo(first.test().image(0));
  }

  /** Those of one size are taken for any preprocessing to it, but not the other way. */
  @Test
  void whatWasResized_doesNotPassForImagesOfOneSize() throws IOException {
    Preprocessing pad = Preprocessing.of(Resize.pad(8, 4));
    ImageData.streamed(folder, pad, cache);
    String message =
        folder.resolve("train/a/wide.png")
            + " is 8 x 4, but "
            + folder.resolve("train/a/high.png")
            + " is 4 x 8 (width x height); give --image-size N, or Resize.cover(N) in Java, to scale"
            + " all images to one size";
    Rejected.with(message, () -> ImageData.open(folder));
    Rejected.with(message, () -> ImageData.streamed(folder, cache));
    for (String name : List.of("train/a/", "train/b/", "test/a/", "test/b/")) {
      Files.delete(folder.resolve(name + "wide.png"));
    }
    ImageData same = ImageData.streamed(folder, cache);
    assertThat(same.report().decoded()).isEqualTo(4);
    ImageData padded = ImageData.streamed(folder, pad, cache);
    assertThat(padded.report().decoded()).isZero();
    assertThat(padded.train().pixels()).isEqualTo(same.train().pixels());
  }

  @Test
  void whatKilledProcessesLeft_isDeleted() throws IOException {
    Path left = Files.createFile(cache.resolve(".1f.idx4-ubyte.d4.tmp"));
    Path written = Files.createFile(cache.resolve(".2f.idx4-ubyte.d5.tmp"));
    Path other = Files.createFile(cache.resolve(".notes.tmp"));
    FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofMinutes(61)));
    Files.setLastModifiedTime(left, longAgo);
    Files.setLastModifiedTime(other, longAgo);
    ImageData.streamed(folder, Preprocessing.of(Resize.cover(4)), cache);
    assertThat(left).doesNotExist();
    assertThat(List.of(written, other)).allMatch(Files::exists);
  }

  /** 8 images of 4 x 4 x 3 bytes are 384. */
  @Test
  void moreThanMayBeInMemory_staysOnDisk() {
    ReadOptions options =
        ReadOptions.create().preprocessing(Preprocessing.of(Resize.cover(4))).cache(cache);
    ImageData inMemory = ImageData.open(folder, options.maxMemory(384));
    assertThat(inMemory.train().onDisk()).isFalse();
    assertThat(inMemory.report().streaming()).isEmpty();
    assertThat(cached()).isEmpty();
    ImageData onDisk = ImageData.open(folder, options.maxMemory(383));
    assertThat(onDisk.train().onDisk()).isTrue();
    assertThat(onDisk.train().pixels()).isEqualTo(inMemory.train().pixels());
    assertThat(onDisk.notes().get(0))
        .isEqualTo(
            "streamed from disk: the pixels take 0 MB, and 0 MB may be in memory (a quarter of the"
                + " Java heap; raise -Xmx to change it); they are kept in "
                + cache);
    assertThat(ReadOptions.create().maxMemory()).isEqualTo(Runtime.getRuntime().maxMemory() / 4);
  }

  /** 1.8 GB for two images, 2.7 GB for three. */
  @Test
  void validationPartLargerThanAnArray_staysOnDisk() throws IOException {
    for (String name : List.of("a/1", "a/2", "b/1")) {
      ImageFiles.write(folder.resolve("val/" + name + ".png"), 1, 1, 0);
    }
    for (String name : List.of("train/a/", "train/b/", "test/a/", "test/b/")) {
      Files.delete(folder.resolve(name + "wide.png"));
    }
    Path file = Files.createFile(cache.resolve("file"));
    ReadOptions options =
        ReadOptions.create()
            .preprocessing(Preprocessing.of(Resize.stretch(15_000, 20_000)))
            .maxMemory(Long.MAX_VALUE)
            .cache(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.open(folder, options))
        .withMessageStartingWith(file.toString())
        .withMessageEndingWith("; free space or choose another folder");
    assertThat(options.tooLarge(3L << 30, Integer.MAX_VALUE - 8)).isEmpty();
    assertThat(options.tooLarge(3L << 30, Integer.MAX_VALUE - 7))
        .contains(
            "streamed from disk: the pixels of one part take 2,047 MB, and an array of Java holds"
                + " 2,047 MB; they are kept in "
                + file);
    assertThat(options.maxMemory(1 << 30).tooLarge((3L << 30) - 1, 1))
        .contains(
            "streamed from disk: the pixels take 3,071 MB, and 1,024 MB may be in memory (a quarter"
                + " of the Java heap; raise -Xmx to change it); they are kept in "
                + file);
  }

  @Test
  void listener_isToldOfEachImage() {
    Set<Integer> done = new ConcurrentSkipListSet<>();
    Set<Integer> totals = new ConcurrentSkipListSet<>();
    ImageData data =
        ImageData.open(
            folder,
            ReadOptions.create()
                .preprocessing(Preprocessing.of(Resize.fit(2)))
                .listener(
                    (count, total) -> {
                      done.add(count);
                      totals.add(total);
                    }));
    assertThat(done).containsExactlyElementsOf(IntStream.rangeClosed(1, 8).boxed().toList());
    assertThat(totals).containsExactly(8);
    assertThat(data.notes()).hasSize(1);
    assertThat(data.notes().get(0)).matches("decoded 8 images in \\d+\\.\\d s \\([\\d,]+/s\\)");
  }

  @Test
  void otherDataSets_areNotResized(@TempDir Path idx) throws IOException {
    Files.createFile(idx.resolve("train-images-idx3-ubyte"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.open(idx, Resize.cover(4)))
        .withMessage(
            idx
                + " must contain images in train|test/CLASS/ or CLASS/, or a CSV file of them, to be"
                + " resized or streamed; other data sets are opened as they are, in memory");
  }

  @Test
  void split_isThatOfTheSetInMemory() throws IOException {
    for (int i = 0; i < 30; i++) {
      ImageFiles.write(folder.resolve("flat/c" + i % 3 + "/" + (10 + i) + ".png"), 1, 1, i);
    }
    ImageData data = ImageData.open(folder.resolve("flat"));
    byte[] pixels = new byte[90];
    int[] labels = new int[30];
    for (int i = 0; i < 30; i++) {
      pixels[3 * i + 2] = (byte) (i % 10 * 3 + i / 10);
      labels[i] = i / 10;
    }
    ImageSet.Split split =
        ImageSet.of(1, 1, 3, pixels, labels, List.of("c0", "c1", "c2")).split(0.1, 0);
    assertThat(data.train().pixels()).isEqualTo(split.train().pixels());
    assertThat(data.test().pixels()).isEqualTo(split.validation().pixels());
    assertThat(IntStream.of(data.test().labels()).boxed().collect(Collectors.toList()))
        .containsExactly(0, 1, 2);
  }
}
