package dev.lamina.train;

import static dev.lamina.train.StopAfter.stopAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.Clothes;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.schedule.OneCycle;
import dev.lamina.step.TrainStep;
import dev.lamina.zoo.GoldenModel;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images that stay on disk against the same images in memory. */
class StreamedTest {
  /** Three batches of 20 and one of 8 an epoch. */
  private static final int BATCH = 20;

  private static final int STEPS_PER_EPOCH = 4;
  private static final int EPOCHS = 2;

  @TempDir private static Path once;
  @TempDir private Path folder;
  private static Path images = Path.of("");
  private ImageData inMemory = ImageData.embedded();
  private ImageData onDisk = inMemory;

  @BeforeAll
  static void write() throws IOException {
    images = Clothes.write(once.resolve("images"), List.of(3, 7, 8, 9), 17, 5);
  }

  @BeforeEach
  void open() {
    inMemory = ImageData.open(images);
    onDisk = ImageData.streamed(images, folder.resolve("cache"));
    assertThat(inMemory.train().size()).isEqualTo(68);
    assertThat(inMemory.train().onDisk()).isFalse();
    assertThat(onDisk.train().onDisk()).isTrue();
  }

  private static Trainer.Builder recipe() {
    return Trainer.builder()
        .schedule(OneCycle.of(0.05))
        .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
        .epochs(EPOCHS)
        .batchSize(BATCH)
        .precision(Precision.FLOAT32)
        .seed(7);
  }

  private static Model model(long seed) {
    return model(seed, Device.auto());
  }

  private static Model model(long seed, Device device) {
    return Model.of(
        Network.input(32, 32, 3)
            .then(Conv2d.of(4, 3).stride(4), BatchNorm.create(), Activation.RELU)
            .then(Dropout.of(0.3), GlobalAveragePool.create(), Dense.of(4)),
        seed,
        device);
  }

  private record End(Map<String, float[]> weights, List<Epoch> epochs) {
    static End of(Model model, History history) {
      return new End(GoldenModel.values(model), CheckpointsTest.withoutTime(history));
    }
  }

  private static End fit(ImageData data, Trainer.Builder recipe) {
    try (Model model = model(1)) {
      return End.of(model, recipe.build().fit(model, data.train(), data.test()));
    }
  }

  private static void assertSame(End actual, End expected) {
    assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
  }

  @Test
  void training_endsBitForBitWhereItDoesInMemory() {
    End expected = fit(inMemory, recipe());
    assertThat(expected.epochs().get(EPOCHS - 1).steps()).isEqualTo(EPOCHS * STEPS_PER_EPOCH);
    assertSame(fit(onDisk, recipe()), expected);
    // What is set aside is on disk too.
    try (Model one = model(1);
        Model other = model(1)) {
      Trainer split = recipe().validationSplit(0.25).build();
      assertSame(
          End.of(one, split.fit(one, onDisk.train())),
          End.of(other, split.fit(other, inMemory.train())));
    }
  }

  @Test
  void severalDevices_eachReadTheirPartOfABatch() {
    Device two = new Device(Device.Kind.CPU, List.of(0, 1), 1, false);
    Trainer trainer = recipe().epochs(1).build();
    try (Model one = model(1, two);
        Model other = model(1, two)) {
      assertSame(
          End.of(one, trainer.fit(one, onDisk.train())),
          End.of(other, trainer.fit(other, inMemory.train())));
    }
  }

  /** A checkpoint does not know where the images were. */
  @Test
  void resume_inTheMiddleOfAnEpoch_onDiskOrInMemory() {
    End expected = fit(inMemory, recipe());
    for (int stop : new int[] {1, STEPS_PER_EPOCH - 1, STEPS_PER_EPOCH, STEPS_PER_EPOCH + 2}) {
      for (ImageData next : List.of(onDisk, inMemory)) {
        Path run = folder.resolve("run-" + stop + next.train().onDisk());
        ImageData first = next.train().onDisk() ? inMemory : onDisk;
        try (Model model = model(1)) {
          recipe()
              .callbacks(Checkpoints.in(run), stopAfter(stop))
              .build()
              .resume(run, model, first.train(), first.test());
        }
        try (Model model = model(3)) {
          History history =
              recipe()
                  .callbacks(Checkpoints.in(run))
                  .build()
                  .resume(run, model, next.train(), next.test());
          assertSame(End.of(model, history), expected);
        }
      }
    }
  }

  @Test
  void steps_byHand_whateverWasAnnounced() {
    try (Model one = model(1);
        Model other = model(1);
        TrainStep streamed = recipe().build().step(one, onDisk.train());
        TrainStep resident = recipe().build().step(other, inMemory.train())) {
      int[][] batches = {{3}, {67, 0, 3, 3}, {1, 2}};
      streamed.prepare(new int[] {5, 6});
      streamed.prepare(batches[0]);
      for (int i = 0; i < batches.length; i++) {
        streamed.run(batches[i], i, 0.1, 0.9);
        resident.run(batches[i], i, 0.1, 0.9);
        assertThat(streamed.metrics()).isEqualTo(resident.metrics());
      }
      streamed.prepare(new int[] {5});
      assertThat(GoldenModel.values(one))
          .usingRecursiveComparison()
          .isEqualTo(GoldenModel.values(other));
    }
  }

  /** As by a step that overflows in float16, or a callback that asks for gradients. */
  @Test
  void batchThatIsRunAgain_leavesWhatWasReadAhead() throws IOException {
    int[][] batches = {{3, 4}, {1, 2}, {5}};
    try (Model model = model(1);
        TrainStep streamed = recipe().build().step(model, onDisk.train())) {
      for (int[] batch : batches) {
        streamed.prepare(batch);
      }
      streamed.run(batches[0], 0, 0.1, 0.9);
      // Read after all that were announced, which are in memory then.
      assertThat(streamed.gradients(batches[0], 0)).isNotEmpty();
      Files.delete(file());
      streamed.run(batches[1], 1, 0.1, 0.9);
      streamed.run(batches[2], 2, 0.1, 0.9);
    }
  }

  /** The larger file is that of the training images. */
  private Path file() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("cache"))) {
      return files.max(Comparator.comparing(file -> file.toFile().length())).orElseThrow();
    }
  }

  private static void cut(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(Files.size(file) - 1);
    }
  }

  @Test
  void fileThatIsCutOrChanged_whileItIsTrainedOn() throws IOException {
    Path file = file();
    byte[] whole = Files.readAllBytes(file);
    byte[] other = whole.clone();
    other[1000] ^= 1;
    String message = file + " was changed while its images were in use; open the images again";
    for (String how : List.of("cut", "changed", "deleted")) {
      Files.write(file, whole);
      ImageData data = ImageData.streamed(images, folder.resolve("cache"));
      Callback damage =
          new Callback() {
            @Override
            public void onStep(StepEvent event, RunHandle run) {
              try {
                if (event.step() != 0) {
                  return;
                } else if (how.equals("cut")) {
                  cut(file);
                } else if (how.equals("deleted")) {
                  Files.delete(file);
                } else {
                  Files.write(file, other);
                  Files.setLastModifiedTime(file, FileTime.fromMillis(1));
                }
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            }
          };
      assertThatExceptionOfType(LaminaException.class)
          .as(how)
          .isThrownBy(() -> fit(data, recipe().callbacks(damage)))
          .withMessage(
              how.equals("deleted")
                  ? file
                      + " cannot be read (java.nio.file.NoSuchFileException: "
                      + file
                      + "); open the images again"
                  : message);
    }
  }

  @Test
  void fileThatIsCut_beforeItIsOpened() throws IOException {
    Path file = file();
    long size = Files.size(file);
    assertThat(size).isEqualTo(20 + 68 * 32 * 32 * 3);
    cut(file);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.streamed(images, folder.resolve("cache")))
        .withMessage(
            "%s must contain 68 images of 32 x 32 x 3, %d bytes, has %d; delete it to have it written again"
                .formatted(file, size, size - 1));
  }

  @Test
  void cache_isUsedAgain_untilAnImageChanges() throws IOException {
    Path cache = folder.resolve("cache");
    Path file = file();
    byte[] marked = Files.readAllBytes(file);
    marked[20] ^= 1;
    Files.write(file, marked);
    assertThat(ImageData.streamed(images, cache).train().image(0)[0]).isEqualTo(marked[20]);

    Path copy = Clothes.write(folder.resolve("copy"), List.of(1, 2), 2, 2);
    ImageData.streamed(copy, cache);
    // Two of each data set.
    assertThat(cache.toFile().list(StreamedTest::isNoLock)).hasSize(4);
    ImageData.streamed(copy, cache);
    assertThat(cache.toFile().list(StreamedTest::isNoLock)).hasSize(4);
    try (Stream<Path> files = Files.walk(copy.resolve("train"))) {
      Files.setLastModifiedTime(
          files.filter(Files::isRegularFile).findFirst().orElseThrow(), FileTime.fromMillis(1));
    }
    ImageData.streamed(copy, cache);
    assertThat(cache.toFile().list(StreamedTest::isNoLock)).hasSize(5);
  }

  private static boolean isNoLock(File folder, String name) {
    return !name.endsWith(".lock");
  }

  @Test
  void images_areThoseInMemory() {
    assertThat(onDisk.train().pixels()).isEqualTo(inMemory.train().pixels());
    int[] some = {60, 2, 2, 31};
    assertThat(onDisk.train().subset(some).subset(new int[] {3, 0}).pixels())
        .isEqualTo(inMemory.train().subset(new int[] {31, 60}).pixels());
    assertThat(Arrays.asList(onDisk.train().image(9), onDisk.train().image(67)))
        .usingRecursiveComparison()
        .isEqualTo(Arrays.asList(inMemory.train().image(9), inMemory.train().image(67)));
    assertThat(onDisk.train().labels()).isEqualTo(inMemory.train().labels());
  }

  @Test
  void whatIsNoImageFolder() throws IOException {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.streamed(Path.of("docs/decisions"), folder))
        .withMessageStartingWith(
            "docs/decisions is no data set; it must contain CIFAR binary files");
    Files.createFile(folder.resolve("train.bin"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> ImageData.streamed(folder, folder))
        .withMessage(
            folder
                + " must contain images in train|test/CLASS/ or CLASS/, or a CSV file of them, to be resized or"
                + " streamed; other data sets are opened as they are, in memory");
  }
}
