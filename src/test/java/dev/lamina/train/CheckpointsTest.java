package dev.lamina.train;

import static dev.lamina.train.StopAfter.stopAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.format.Safetensors;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.model.ModelLoader;
import dev.lamina.network.Network;
import dev.lamina.schedule.Constant;
import dev.lamina.schedule.Schedule;
import dev.lamina.step.DivergenceException;
import dev.lamina.step.Metrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When checkpoints are written, which are kept, and what becomes of damaged ones. */
class CheckpointsTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 40).toArray());

  @TempDir private Path run;

  private static Model model() {
    return Model.of(Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10)), 1);
  }

  /** Four steps an epoch. */
  private static Trainer.Builder recipe(int epochs) {
    return Trainer.builder()
        .schedule(Constant.of(0.1))
        .epochs(epochs)
        .batchSize(10)
        .precision(Precision.FLOAT32);
  }

  private static History fit(Trainer.Builder recipe) {
    try (Model model = model()) {
      return recipe.build().fit(model, IMAGES, IMAGES);
    }
  }

  private History resume(Trainer.Builder recipe) {
    try (Model model = model()) {
      return recipe.build().resume(run, model, IMAGES, IMAGES);
    }
  }

  private Path file(long step) {
    return run.resolve("checkpoints").resolve("step-%08d.safetensors".formatted(step));
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(run.resolve("checkpoints"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.equals(".lock"))
          .sorted()
          .toList();
    }
  }

  private static String name(long step) {
    return "step-%08d.safetensors".formatted(step);
  }

  private Checkpoints never() {
    return Checkpoints.in(run).every(Duration.ofDays(1));
  }

  @Test
  void checkpoint_afterEveryEpoch_andEverySoManySteps() throws IOException {
    fit(recipe(2).callbacks(never().keep(100)));
    assertThat(files()).containsExactly(name(4), name(8));
    fit(recipe(2).callbacks(never().keep(100).everySteps(3)));
    assertThat(files()).containsExactly(name(3), name(4), name(6), name(8));
    fit(recipe(1).callbacks(Checkpoints.in(run).every(ChronoUnit.FOREVER.getDuration())));
    assertThat(files()).containsExactly(name(4));
  }

  @Test
  void checkpoint_everySoOften() throws IOException {
    fit(recipe(1).callbacks(Checkpoints.in(run).every(Duration.ZERO).keep(100)));
    assertThat(files()).containsExactly(name(1), name(2), name(3), name(4));
  }

  @Test
  void newest_andBest_areKept() throws IOException {
    // Only the second epoch learns; what comes after it takes steps that are far too long.
    Schedule schedule = (step, steps) -> step < 4 ? 0 : step < 8 ? 0.5 : step < 12 ? 500 : 0;
    History history = fit(recipe(6).schedule(schedule).callbacks(never().keep(2)));
    Epoch best = history.best().orElseThrow();
    assertThat(best.number()).isEqualTo(2);
    assertThat(files()).containsExactly(name(8), name(20), name(24));
  }

  @Test
  void best_isTheFirstOfEquals_andNoneWithoutValidation() {
    assertThat(history(0.5, 0.7, 0.7, 0.6).best().orElseThrow().number()).isEqualTo(2);
    assertThat(new History(List.of()).best()).isEmpty();
    try (Model model = model()) {
      assertThat(recipe(1).build().fit(model, IMAGES).best()).isEmpty();
    }
  }

  private static History history(double... accuracies) {
    return new History(
        IntStream.range(0, accuracies.length)
            .mapToObj(
                i ->
                    new Epoch(
                        i + 1,
                        4L * i,
                        Metrics.of(10, 1, 0.5),
                        Optional.of(Metrics.of(10, 1, accuracies[i])),
                        0.1,
                        0.9,
                        1))
            .toList());
  }

  @Test
  void file_holdsWhatItSays_andReadsBackEqual() {
    fit(recipe(1).callbacks(never()));
    Checkpoint checkpoint = Checkpoint.read(file(4));
    assertThat(checkpoint.step()).isEqualTo(4);
    assertThat(checkpoint.configuration())
        .containsEntry("epochs", "1")
        .containsEntry("batchSize", "10")
        .containsEntry("schedule", "{\"kind\":\"Constant\",\"rate\":0.1}");
    assertThat(checkpoint.tensors().keySet())
        .containsExactlyInAnyOrder(
            "1.weight",
            "1.bias",
            "optimizer.learning_rate",
            "optimizer.momentum",
            "optimizer.velocity.1.weight",
            "optimizer.velocity.1.bias");
    Path copy = run.resolve("copy.safetensors");
    checkpoint.write(copy);
    assertThat(copy).hasSameBinaryContentAs(file(4));
  }

  @Test
  void everyFlippedBit_andEveryCut_isSeen() throws IOException {
    fit(recipe(1).callbacks(never()));
    byte[] whole = Files.readAllBytes(file(4));
    Path damaged = run.resolve("damaged.safetensors");
    Random random = new Random(1);
    for (int i = 0; i < 400; i++) {
      byte[] bytes = whole.clone();
      int at = i < 100 ? i : random.nextInt(bytes.length);
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(damaged, bytes);
      assertThatExceptionOfType(LaminaException.class)
          .as("a bit of byte %s", at)
          .isThrownBy(() -> Checkpoint.read(damaged))
          .withMessageStartingWith(damaged.toString());
      Files.write(damaged, java.util.Arrays.copyOf(whole, random.nextInt(whole.length)));
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> Checkpoint.read(damaged))
          .withMessageStartingWith(damaged.toString());
    }
  }

  @Test
  void messages_nameFileAndProblem() throws IOException {
    fit(recipe(1).callbacks(never()));
    byte[] bytes = Files.readAllBytes(file(4));
    bytes[bytes.length - 100] ^= 1;
    Files.write(file(4), bytes);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Checkpoint.read(file(4)))
        .withMessage(file(4) + " is damaged: its checksum differs; use another checkpoint");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Model.load(file(4)))
        .withMessage(file(4) + " is damaged: its checksum differs; use another checkpoint");
    Path other = run.resolve("other.safetensors");
    new Safetensors(Map.of(), Map.of("format", "pt")).write(other);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Checkpoint.read(other))
        .withMessage(other + " is not a checkpoint; check that it is the right file");
    new Safetensors(Map.of(), Map.of("lamina_checkpoint", "3")).write(other);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Checkpoint.read(other))
        .withMessage(
            other
                + " is of version 3, this Lamina reads versions 1 to 2; use the Lamina that wrote it");
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> Checkpoint.read(run.resolve("none")))
        .withMessage(run.resolve("none") + " does not exist; check the path");
  }

  /** In TensorFlow's layout, unlike a file of weights. */
  @Test
  void checkpoint_isReadIntoAKnownNetwork() {
    fit(recipe(1).callbacks(never()));
    try (Model trained = Model.load(file(4));
        Model model = model();
        Model pretrained =
            ModelLoader.pretrained(
                file(4), model.network(), Optional.empty(), false, 0, Device.cpu())) {
      assertThat(model.weights().get("1.weight")).isNotEqualTo(trained.weights().get("1.weight"));
      model.loadWeights(file(4));
      for (String name : List.of("1.weight", "1.bias")) {
        assertThat(model.weights().get(name)).isEqualTo(trained.weights().get(name));
        assertThat(pretrained.weights().get(name)).isEqualTo(trained.weights().get(name));
      }
    }
  }

  @Test
  void damagedNewest_costsOnlyItself() throws IOException {
    History whole = fit(recipe(4));
    fit(recipe(4).callbacks(never().keep(100), stopAfter(9)));
    assertThat(files()).containsExactly(name(4), name(8), name(9));
    byte[] cut = java.util.Arrays.copyOf(Files.readAllBytes(file(9)), 500);
    Files.write(file(9), cut);
    new Safetensors(Map.of(), Map.of("lamina_checkpoint", "3")).write(file(11));
    assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(8);
    // One that keeps a single checkpoint must not let those that cannot be read stand for it.
    History resumed = resume(recipe(4).callbacks(never().keep(1).everySteps(2), stopAfter(10)));
    assertThat(resumed.epochs()).hasSize(2);
    assertThat(files()).contains(name(10), name(11)).doesNotContain(name(9));
    assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(10);
    assertThat(withoutTime(resume(recipe(4)))).isEqualTo(withoutTime(whole));
  }

  @Test
  void newRun_replacesAnOlderOneOfTheSameFolder() throws IOException {
    History whole = fit(recipe(3).callbacks(never()));
    assertThat(files()).containsExactly(name(4), name(8), name(12));
    fit(recipe(3).callbacks(never(), stopAfter(5)));
    assertThat(files()).containsExactly(name(4), name(5));
    Files.write(file(9), new byte[3]);
    List<Long> steps = new ArrayList<>();
    Callback recorder = LambdaCallback.create().onStep((event, run) -> steps.add(event.step()));
    // What cannot be read stays.
    History resumed = resume(recipe(3).callbacks(never().keep(100), recorder));
    assertThat(files()).containsExactly(name(4), name(5), name(8), name(9), name(12));
    assertThat(steps).containsExactly(5L, 6L, 7L, 8L, 9L, 10L, 11L);
    assertThat(withoutTime(resumed)).isEqualTo(withoutTime(whole));
  }

  /** It could be resumed still. Seen only when the step is built. */
  @Test
  void newRun_thatIsRefused_leavesTheOlderOne() throws IOException {
    fit(recipe(1).callbacks(never()));
    Recipe wrong = recipe(1).loss(CrossEntropy.create().classWeights(1, 2)).build().recipe();
    for (int freezeEpochs : new int[] {0, 1}) {
      assertThatIllegalArgumentException()
          .isThrownBy(
              () -> fit(Trainer.builder(wrong.freezeEpochs(freezeEpochs)).callbacks(never())))
          .withMessageContaining("classWeights");
      assertThat(files()).containsExactly(name(4));
    }
  }

  /** The epochs with their seconds left out, which differ from run to run. */
  static List<Epoch> withoutTime(History history) {
    return history.epochs().stream()
        .map(
            e ->
                new Epoch(
                    e.number(),
                    e.steps(),
                    e.training(),
                    e.validation(),
                    e.learningRate(),
                    e.momentum(),
                    0))
        .toList();
  }

  @Test
  void allDamaged_isRefused() throws IOException {
    fit(recipe(1).callbacks(never()));
    Files.write(file(4), new byte[3]);
    Files.write(file(2), new byte[4]);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> resume(recipe(1)))
        .withMessage(
            "none of the 2 checkpoints of %s can be read; the newest: %s is truncated: header length takes 8 bytes, file has 3; copy it again",
            run, file(4));
  }

  /** So that a later version can add state to the same format. */
  @Test
  void tensorThatTheRunDoesNotKnow_isIgnored() {
    History whole = fit(recipe(2));
    fit(recipe(2).callbacks(never(), stopAfter(6)));
    Checkpoint checkpoint = Checkpoints.newest(run).orElseThrow();
    Map<String, Safetensors.Tensor> more = new HashMap<>(checkpoint.tensors());
    more.put("average.weight", Safetensors.Tensor.of(new long[] {1}, new float[] {5}));
    new Checkpoint(
            CheckpointFile.VERSION,
            checkpoint.progress(),
            checkpoint.configuration(),
            more,
            checkpoint.model())
        .write(file(6));
    assertThat(withoutTime(resume(recipe(2)))).isEqualTo(withoutTime(whole));
  }

  @Test
  void checkpoint_thatContradictsItsHistory_isRefused() {
    fit(recipe(2).callbacks(never(), stopAfter(6)));
    Checkpoint checkpoint = Checkpoints.newest(run).orElseThrow();
    Checkpoint.Progress progress = checkpoint.progress();
    for (long step : new long[] {3, 9}) {
      new Checkpoint(
              CheckpointFile.VERSION,
              new Checkpoint.Progress(
                  step, progress.sums(), 0, progress.history(), 1, progress.callbacks()),
              checkpoint.configuration(),
              checkpoint.tensors(),
              checkpoint.model())
          .write(file(6));
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> resume(recipe(2)))
          .withMessage(
              "the checkpoint must be of a step from 4 to 8, as its history says, is of %s; use another",
              step);
    }
  }

  @Test
  void leftovers_ofAKilledWriter_areRemoved() throws IOException {
    fit(recipe(1).callbacks(never()));
    Path half = AtomicFiles.temporary(file(5));
    Files.write(half, new byte[10]);
    resume(recipe(1).callbacks(never()));
    assertThat(files()).containsExactly(name(4));
  }

  @Test
  void secondRun_inTheSameFolder_isRefused_beforeItWrites() throws IOException {
    Path log = run.resolve("log.jsonl");
    Callback second =
        new Callback() {
          @Override
          public void onEpoch(Epoch epoch, RunHandle handle) {
            assertThatExceptionOfType(LaminaException.class)
                .isThrownBy(() -> fit(recipe(1).callbacks(JsonLines.to(log), never())))
                .withMessage(
                    "%s is in use by this process; wait for it to end or choose another folder",
                    run.resolve("checkpoints"));
          }
        };
    fit(recipe(1).callbacks(JsonLines.to(log), never(), second));
    assertThat(Files.readAllLines(log))
        .extracting(line -> line.split("\"", -1)[3])
        .containsExactly("start", "epoch");
    // The lock is given back at the end.
    fit(recipe(1).callbacks(never()));
  }

  @Test
  void errorOfAnotherCallback_leavesNoLock() {
    Callback broken =
        new Callback() {
          @Override
          public void onEnd(History history) {
            throw new NoClassDefFoundError("at the end");
          }
        };
    assertThatExceptionOfType(NoClassDefFoundError.class)
        .isThrownBy(() -> fit(recipe(1).callbacks(broken, never())))
        .withMessage("at the end");
    fit(recipe(1).callbacks(never()));
  }

  @Test
  void unwritableCheckpoint_doesNotEndTraining() throws IOException {
    // A folder stands where the second checkpoint should be, as root may write everywhere else.
    Files.createDirectories(file(8).resolve("in the way"));
    History history = fit(recipe(3).callbacks(never()));
    assertThat(history.epochs()).hasSize(3);
    assertThat(files()).containsExactly(name(4), name(8), name(12));
    assertThat(file(8)).isDirectory();
    assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(12);
  }

  @Test
  void vanishedFolder_isMadeAgain() throws IOException {
    Callback vandal =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle handle) {
            if (event.step() == 5) {
              // It is written on another thread.
              while (!Files.exists(file(4))) {
                Thread.onSpinWait();
              }
              deleteAll(run.resolve("checkpoints"));
            }
          }
        };
    fit(recipe(2).callbacks(never(), vandal));
    assertThat(files()).containsExactly(name(8));
  }

  private static void deleteAll(Path folder) {
    try {
      com.google.common.io.MoreFiles.deleteRecursively(
          folder, com.google.common.io.RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void divergence_leavesTheLastGoodCheckpoint() throws IOException {
    // The update overflows in step 6, so the weights are infinite before the loss is.
    try (Model model = model()) {
      Trainer trainer =
          recipe(3)
              .optimizer(dev.lamina.optimizer.MomentumOptimizer.of(0.9).weightDecay(1e6))
              .schedule((step, steps) -> step < 6 ? 1e-9 : 1e38)
              .callbacks(never().everySteps(1))
              .build();
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> trainer.fit(model, IMAGES, IMAGES))
          .satisfies(e -> assertThat(e.step()).isEqualTo(6))
          .withMessageContaining("The model was reset to the weights of the last whole epoch");
      assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(6);
    }
  }

  @Test
  void checkpointWhoseWeightsAreRuined_isSaid_sinceNoRateHelps() {
    Trainer trainer =
        recipe(3)
            .schedule((step, steps) -> step == 5 ? 1e30 : 1e-9)
            .callbacks(never().everySteps(1))
            .build();
    // Of two such layers the product overflows.
    Network network =
        Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(8), Dense.of(10));
    try (Model model = Model.of(network, 1)) {
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> trainer.fit(model, IMAGES, IMAGES))
          .satisfies(e -> assertThat(e.step()).isEqualTo(6))
          .satisfies(e -> assertThat(e.isOfCheckpoint()).isFalse());
      assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(6);
      assertThatExceptionOfType(DivergenceException.class)
          .isThrownBy(() -> trainer.resume(run, model, IMAGES, IMAGES))
          .satisfies(e -> assertThat(e.isOfCheckpoint()).isTrue())
          .withMessage(
              "training diverged at step 6 (learning rate 1.0E-9): the loss or a gradient is not finite with"
                  + " the weights of the checkpoint it was resumed from, so no other learning rate helps."
                  + " Start again with a lower one, or delete that checkpoint to resume from an older one");
    }
  }

  @Test
  void options_outOfRange() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Checkpoints.in(run).keep(0))
        .withMessage("keep must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Checkpoints.in(run).everySteps(0))
        .withMessage("everySteps must be positive, got 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Checkpoints.in(run).every(Duration.ofSeconds(-1)))
        .withMessage("every must not be negative, got PT-1S");
  }
}
