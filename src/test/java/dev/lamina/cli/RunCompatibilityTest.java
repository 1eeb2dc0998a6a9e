package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.Iterables;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.format.Safetensors;
import dev.lamina.graph.Precision;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that earlier versions began. */
class RunCompatibilityTest {
  private static final Path SAMPLES = Path.of("src/test/resources/compat");

  /** What both runs were started with: the quick recipe, but for these numbers. */
  private static final Recipe RECIPE =
      Recipe.create()
          .optimizer(MomentumOptimizer.of(0.9).weightDecay(5e-4))
          .schedule(OneCycle.of(0.05))
          .loss(CrossEntropy.create())
          .augmentations(List.of(RandomCrop.reflect(4), RandomFlip.horizontal()))
          .epochs(2)
          .batchSize(500)
          .precision(Optional.of(Precision.FLOAT32))
          .seed(1);

  @TempDir private Path folder;

  @Test
  void config_of2c1cdff_isReadAsTheEqualRecipe() {
    Path run = SAMPLES.resolve("2c1cdff/run");
    RunConfig config = RunConfig.read(run);
    assertThat(config.readRecipe(run)).isEqualTo(RECIPE);
    assertThat(config.data()).isEqualTo("embedded");
    assertThat(config.validation()).isEqualTo(RunConfig.Validation.TEST);
    assertThat(config.describeNetwork()).isEqualTo("resnet-cifar of width 1");
    assertThat(config.classNames()).hasSize(10).contains("t-shirt", "ankle boot");
    assertThat(config.environment()).containsEntry("tensorflow", "2.18.0");
  }

  @Test
  void config_of01_isReadAsTheEqualRecipe() {
    Path run = SAMPLES.resolve("0.1/run");
    RunConfig config = RunConfig.read(run);
    assertThat(config.readRecipe(run)).isEqualTo(RECIPE.validationSplit(0.1));
    assertThat(config.validation()).isEqualTo(RunConfig.Validation.SHARE);
    assertThat(config.testCurve()).isTrue();
    assertThat(config.describeNetwork()).isEqualTo("resnet-cifar of width 1");
  }

  /**
   * Rounding grows on the way: a change of one unit in the last place of conv1's weights moves the
   * result by 8e-4 in relative norm, resuming a run of the first version by 2e-3, since the mean of
   * the loss is rounded otherwise now; leaving out the augmentation in one epoch moves it by 4e-2,
   * and the epoch itself by 0.8.
   */
  @ParameterizedTest
  @ValueSource(strings = {"2c1cdff", "0.1"})
  void interruptedRun_isResumedToTheSameWeights(String version) throws IOException {
    Path run = folder.resolve("run");
    copy(SAMPLES.resolve(version).resolve("run"), run);
    List<String> before = history(run);
    Output output = MainTest.lamina("train", "--resume", run);
    assertThat(output.status()).as(output.err()).isZero();
    assertThat(Iterables.getLast(output.out().lines().toList()))
        .matches("test accuracy 0\\.\\d{4}");
    assertThat(history(run)).hasSize(3).startsWith(before.toArray(String[]::new));
    Safetensors finished =
        Safetensors.read(SAMPLES.resolve(version).resolve("run-finished.safetensors"));
    Safetensors resumed = Safetensors.read(run.resolve("weights.safetensors"));
    assertThat(resumed.tensors().keySet()).isEqualTo(finished.tensors().keySet());
    double difference = 0;
    double norm = 0;
    for (String name : finished.tensors().keySet()) {
      float[] expected = Objects.requireNonNull(finished.tensors().get(name)).floats();
      float[] actual = Objects.requireNonNull(resumed.tensors().get(name)).floats();
      assertThat(actual).as(name).hasSameSizeAs(expected);
      for (int i = 0; i < expected.length; i++) {
        difference += Math.pow(actual[i] - expected[i], 2);
        norm += Math.pow(expected[i], 2);
      }
    }
    assertThat(Math.sqrt(difference / norm)).isLessThan(8e-3);
  }

  /** Returns the rows without the last column, the seconds, whose decimals were cut before 0.3. */
  private static List<String> history(Path run) throws IOException {
    return Files.readAllLines(run.resolve("history.csv")).stream()
        .map(row -> row.substring(0, row.lastIndexOf(',')))
        .toList();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (var files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}
