package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.Clothes;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starting from another model at the command line. */
class TrainFromTest {
  @TempDir private static Path once;

  /** A run that knows five kinds of clothes, and a folder with images of three others. */
  private static Path base = Path.of("");

  private static Path images = Path.of("");

  @TempDir private Path folder;

  @BeforeAll
  static void trainBase() throws IOException {
    base = once.resolve("base");
    Path data = Clothes.write(once.resolve("five"), Clothes.FIRST, 100, 20);
    succeeds(
        "train --width 4 --epochs 4 --batch-size 32 --learning-rate 0.05 --precision float32",
        "--data",
        data,
        "--run",
        base);
    images = Clothes.write(once.resolve("images"), Clothes.SECOND, 30, 40);
  }

  private static Output lamina(String words, Object... more) {
    List<Object> all = new ArrayList<>(List.of(words.split(" ", -1)));
    all.addAll(List.of(more));
    return MainTest.lamina(all.toArray());
  }

  private static Output succeeds(String words, Object... more) {
    Output output = lamina(words, more);
    assertThat(output.status()).as(output.err()).isZero();
    return output;
  }

  private static void refuses(String message, String words, Object... more) {
    Output output = lamina(words, more);
    assertThat(output.err()).isEqualTo("lamina: " + message + "\n");
    assertThat(output.status()).isEqualTo(2);
  }

  private static Map<String, float[]> weights(Path path) {
    try (Model model = Model.load(path)) {
      Map<Variable, float[]> read = model.session().read(model.variables());
      Map<String, float[]> weights = new LinkedHashMap<>();
      read.forEach((variable, values) -> weights.put(variable.name(), values));
      return weights;
    }
  }

  private static double accuracy(Output output) {
    String line = output.out().lines().reduce((a, b) -> b).orElseThrow();
    assertThat(line).startsWith("test accuracy ");
    return Double.parseDouble(line.substring("test accuracy ".length()));
  }

  /** The command of docs/fine-tuning.md, run. */
  @ParameterizedTest
  @ValueSource(strings = {"float32", "bfloat16"})
  void fineTuning_onAnImageFolder(String precision) throws IOException {
    String command =
        Files.readString(Path.of("docs/fine-tuning.md"))
            // Joins continued lines.
            .replaceAll("\\\\\\s+", "")
            .lines()
            .filter(line -> line.matches("tools/lamina train --from.* --freeze.*"))
            .findFirst()
            .orElseThrow();
    Path run = folder.resolve("run");
    Path export = base.resolve("export/1");
    Output train =
        succeeds(
            command
                .replace("tools/lamina ", "")
                .replace("clothes/1", export.toString())
                .replace("--data images", "--data " + images),
            "--precision",
            precision,
            "--run",
            run);
    // Chance is a third, with a standard deviation of 0.043 over 120 images. What comes out depends
    // on the processor: 0.69 with AVX-512, where sums are made in another order than with AVX2.
    assertThat(accuracy(train)).isGreaterThan(0.6);
    assertThat(train.out()).contains("network    " + export + ": ");
    Map<String, float[]> before = weights(base.resolve("weights.safetensors"));
    weights(run.resolve("weights.safetensors"))
        .forEach(
            (name, values) -> {
              if (name.startsWith("classifier")) {
                assertThat(values).isNotEqualTo(before.get(name));
              } else {
                assertThat(values).as(name).isEqualTo(before.get(name));
              }
            });

    // The run stands for itself, for every command.
    assertThat(succeeds("evaluate --run", run).out()).endsWith(lastLine(train));
    Path image;
    try (Stream<Path> files = Files.walk(images)) {
      image = files.filter(Files::isRegularFile).findFirst().orElseThrow();
    }
    String prediction = succeeds("predict --run", run, image).out();
    assertThat(prediction).startsWith(image + ": ").endsWith("\n");
    Map<String, Double> candidates = new LinkedHashMap<>();
    for (String candidate :
        prediction.strip().substring(image.toString().length() + 2).split(", ", -1)) {
      int space = candidate.lastIndexOf(' ');
      candidates.put(
          candidate.substring(0, space), Double.parseDouble(candidate.substring(space + 1)));
    }
    assertThat(candidates).containsOnlyKeys("sandal", "bag", "ankle boot");
    assertThat(List.copyOf(candidates.values())).isSortedAccordingTo(Comparator.reverseOrder());
    assertThat(candidates.values().stream().mapToDouble(p -> p).sum())
        .isCloseTo(1, Offset.offset(3e-4));
    assertThat(succeeds("summary --run", run).out()).contains("classifier.2", "[3]");
    succeeds("export --run", run, folder.resolve("served/1"));
    try (Model served = Model.load(folder.resolve("served/1"))) {
      assertThat(served.classNames()).hasSize(3);
      assertThat(served.metadata())
          .containsEntry("network", export.toString())
          .containsEntry("freeze", "[\"conv1\",\"layer1\",\"layer2\",\"layer3\",\"layer4\"]");
    }
  }

  private static String lastLine(Output output) {
    return output.out().lines().reduce((a, b) -> b).orElseThrow() + "\n";
  }

  @Test
  void run_export_andWeights_startAlike_andANewClassifierFollowsTheSeed() {
    Map<String, float[]> ofRun = initial(base, 1);
    Map<String, float[]> ofExport = initial(base.resolve("export/1"), 1);
    Map<String, float[]> ofWeights = initial(base.resolve("weights.safetensors"), 2);
    assertThat(ofExport).usingRecursiveComparison().isEqualTo(ofRun);
    assertThat(ofWeights.get("layer4.0.main.0.weight"))
        .isEqualTo(ofRun.get("layer4.0.main.0.weight"));
    assertThat(ofWeights.get("classifier.2.weight"))
        .hasSameSizeAs(ofRun.get("classifier.2.weight"))
        .isNotEqualTo(ofRun.get("classifier.2.weight"));
  }

  /** What a run begins with. */
  private Map<String, float[]> initial(Path from, int seed) {
    Path run = folder.resolve("run-" + from.getFileName() + "-" + seed);
    succeeds(
        "train --epochs 1 --batch-size 30 --precision float32",
        "--data",
        images,
        "--from",
        from,
        "--seed",
        seed,
        "--run",
        run);
    return weights(run.resolve("initial.safetensors"));
  }

  @Test
  void resume_needsNothingOfWhatItStartedFrom() throws IOException {
    Path source = folder.resolve("moved.safetensors");
    Files.copy(base.resolve("weights.safetensors"), source);
    Path run = folder.resolve("run");
    succeeds(
        "train --epochs 2 --batch-size 20 --freeze conv1 --seed 3 --precision float32 --from",
        source,
        "--data",
        images,
        "--run",
        run);
    byte[] weights = Files.readAllBytes(run.resolve("weights.safetensors"));
    Files.delete(source);

    // As if it had been killed before its first checkpoint.
    MoreFiles.deleteRecursively(run.resolve("checkpoints"), RecursiveDeleteOption.ALLOW_INSECURE);
    Files.delete(run.resolve("weights.safetensors"));
    succeeds("train --resume", run);
    assertThat(run.resolve("weights.safetensors")).hasBinaryContent(weights);

    Path config = run.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("[ \"conv1\" ]", "[ ]"));
    refuses(
        "freeze must be [conv1] as in the checkpoint, got []; resume as the run began, or start another",
        "train --resume",
        run);
    refuses(
        "--from must not be given with --resume: a run continues as it began; only --epochs, --learning-rate, --accumulate, --data,"
            + " --cache, --mirror, --stream, --device, --quiet may be; see 'lamina train --help'",
        "train --resume",
        run,
        "--from",
        base);
  }

  /** It ends before an epoch of all layers. */
  @Test
  void runOfTheClassifierAlone_isResumed() throws IOException {
    Path run = folder.resolve("run");
    Output diverged =
        lamina(
            "train --recipe finetune-small --epochs 1 --learning-rate 1e30 --from",
            base,
            "--data",
            images,
            "--run",
            run);
    assertThat(diverged.err()).contains("lamina: training diverged at step ");
    assertThat(run.resolve("history.csv")).doesNotExist();
    succeeds("train --learning-rate 0.001 --resume", run);
    assertThat(Files.readAllLines(run.resolve("history.csv"))).hasSize(2);
  }

  /** They are prepared as those of the model were. */
  @Test
  void imagesOfAnotherSize() throws IOException {
    Path run = folder.resolve("run");
    Path small = folder.resolve("small");
    for (String part : List.of("train/a", "train/b", "test/a", "test/b")) {
      Files.createDirectories(small.resolve(part));
      ImageIO.write(
          new BufferedImage(16, 20, BufferedImage.TYPE_INT_RGB),
          "png",
          small.resolve(part).resolve("0.png").toFile());
    }
    succeeds("train --epochs 1 --from", base, "--data", small, "--run", run);
    assertThat(run.resolve("config.json")).content().contains("\"height\" : 32,");
  }
}
