package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableSet;
import dev.lamina.benchmark.StepProfile;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.model.Model;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands as a user runs them, in this process. */
public class MainTest {
  @TempDir Path folder;

  /** What is logged when the garbage collector frees a model that any test has left open. */
  private static final Pattern FREED = Pattern.compile("(?m)^\\[Cleaner-\\d+] WARN .*\\R");

  /** What a command said, and its exit status. */
  public record Output(int status, String out, String err) {}

  /** Runs a command in this process. */
  public static Output lamina(Object... args) {
    PrintStream systemOut = System.out;
    PrintStream systemErr = System.err;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      String[] words = List.of(args).stream().map(Object::toString).toArray(String[]::new);
      int status = Main.run(words);
      return new Output(
          status,
          out.toString(StandardCharsets.UTF_8),
          FREED.matcher(err.toString(StandardCharsets.UTF_8)).replaceAll(""));
    } finally {
      System.setOut(systemOut);
      System.setErr(systemErr);
    }
  }

  /** An image folder of a few embedded images in three classes. */
  private Path images() throws IOException {
    return images(folder);
  }

  static Path images(Path folder) throws IOException {
    Path root = folder.resolve("images");
    ImageData data = ImageData.embedded();
    for (String split : List.of("train", "test")) {
      ImageSet set = split.equals("train") ? data.train() : data.test();
      int perClass = split.equals("train") ? 20 : 5;
      for (int label = 0; label < 3; label++) {
        Path directory = Files.createDirectories(root.resolve(split).resolve("class" + label));
        int written = 0;
        for (int i = 0; written < perClass; i++) {
          if (set.label(i) == label) {
            ImageIO.write(
                set.toBufferedImage(i), "png", directory.resolve(written++ + ".png").toFile());
          }
        }
      }
    }
    return root;
  }

  @Test
  void everyCommand_onOneRun() throws IOException {
    Path data = images();
    Path run = folder.resolve("run");
    Output train =
        lamina(
            "train",
            "--data",
            data,
            "--recipe",
            "published",
            "--run",
            run,
            "--width",
            2,
            "--epochs",
            2,
            "--batch-size",
            16,
            "--precision",
            "bfloat16");
    assertThat(train.status()).as(train.err()).isZero();
    assertThat(train.out()).contains("\nprecision  bfloat16\n");
    assertThat(run.resolve("config.json")).content().contains("\"precision\" : \"BFLOAT16\"");
    String accuracy = train.out().lines().reduce((a, b) -> b).orElseThrow();
    assertThat(accuracy).matches("test accuracy [01]\\.\\d{4}");
    assertThat(train.err()).containsPattern("epoch 2/2  loss \\d\\.\\d{4}  accuracy");
    assertThat(Files.readAllLines(run.resolve("history.csv")))
        .hasSize(3)
        .first()
        .isEqualTo(
            "epoch,steps,loss,accuracy,val_loss,val_accuracy,learning_rate,momentum,seconds");
    for (String file :
        List.of(
            "config.json",
            "weights.safetensors",
            "export/1/saved_model.pb",
            "plots/accuracy.png",
            "plots/loss.png",
            "plots/learning_rate.png",
            "plots/samples.png")) {
      assertThat(run.resolve(file)).exists();
    }
    assertThat(ImageIO.read(run.resolve("plots/samples.png").toFile()).getWidth())
        .isGreaterThan(300);

    Output evaluate = lamina("evaluate", "--run", run);
    assertThat(evaluate.status()).as(evaluate.err()).isZero();
    assertThat(evaluate.out().lines().reduce((a, b) -> b)).contains(accuracy);
    assertThat(evaluate.out()).contains("\npictures   " + run.resolve("plots") + "\n");
    for (String file : List.of("confusion_matrix.png", "reliability.png", "mistakes.png")) {
      assertThat(ImageIO.read(run.resolve("plots").resolve(file).toFile())).as(file).isNotNull();
    }
    JsonNode json = new ObjectMapper().readTree(lamina("evaluate", "--run", run, "--json").out());
    assertThat(Training.decimals(json.get("accuracy").doubleValue()))
        .isEqualTo(accuracy.substring("test accuracy ".length()));
    assertThat(json.get("images").intValue()).isEqualTo(15);
    assertThat(json.get("classes").findValuesAsText("name"))
        .containsExactly("class0", "class1", "class2");
    assertThat(json.get("confusion_matrix")).hasSize(3);

    Path image = data.resolve("test/class1/0.png");
    Output predict = lamina("predict", "--run", run, "--top", 2, image, image);
    assertThat(predict.status()).as(predict.err()).isZero();
    assertThat(predict.out().lines())
        .hasSize(2)
        .allSatisfy(
            line ->
                assertThat(line).matches(".*0\\.png: class\\d [01]\\.\\d{4}, class\\d 0\\.\\d{4}"));

    Output summary = lamina("summary", "--run", run);
    assertThat(summary.out())
        .startsWith("ResNetCifar for images of 32 x 32 x 3")
        .contains("layer4");

    Output export = lamina("export", "--run", run, folder.resolve("served/1"));
    assertThat(export.status()).as(export.err()).isZero();
    assertThat(export.out()).isEqualTo("SavedModel " + folder.resolve("served/1") + "\n");
    assertThat(folder.resolve("served/1/saved_model.pb")).exists();
    assertThat(folder.resolve("served/1/assets.extra/lamina.json"))
        .hasSameTextualContentAs(run.resolve("export/1/assets.extra/lamina.json"));
    Map<String, String> metadata;
    try (Model model = Model.load(folder.resolve("served/1"))) {
      metadata = model.metadata();
      assertThat(metadata)
          .containsAllEntriesOf(RunConfig.read(run).environment())
          .containsEntry("data", data.toString())
          .containsEntry("network", "resnet-cifar of width 2")
          .containsEntry("epochs", "2")
          .containsEntry("batchSize", "16")
          .containsEntry("validationSplit", "0.1")
          .containsEntry("epoch_chosen_by", "validation accuracy")
          .containsEntry("device", "cpu")
          .containsEntry(
              "loss", "{\"kind\":\"CrossEntropy\",\"labelSmoothing\":0.0,\"classWeights\":[]}")
          .containsEntry("precision", "BFLOAT16")
          .containsEntry("freeze", "[]")
          .containsEntry("seed", "1")
          .containsEntry("test_accuracy", accuracy.substring("test accuracy ".length()));
      JsonNode recipe =
          new ObjectMapper().readTree(run.resolve("config.json").toFile()).get("recipe");
      assertThat(metadata.keySet()).containsAll(ImmutableSet.copyOf(recipe.fieldNames()));
    }
    Path onnx = folder.resolve("model.onnx");
    Output exportOnnx = lamina("export", "--run", run, onnx);
    assertThat(exportOnnx.status()).as(exportOnnx.err()).isZero();
    assertThat(exportOnnx.out()).isEqualTo("ONNX " + onnx + "\n");
    ModelProto proto = ModelProto.parseFrom(Files.readAllBytes(onnx));
    assertThat(proto.getGraph().getOutputCount()).isEqualTo(3);
    assertThat(
            proto.getMetadataPropsList().stream()
                .collect(Collectors.toMap(e -> e.getKey(), e -> e.getValue())))
        .containsAllEntriesOf(metadata);

    Output again = lamina("train", "--data", data, "--run", run, "--width", 2, "--epochs", 1);
    assertThat(again.status()).isEqualTo(2);
    assertThat(again.err())
        .isEqualTo("lamina: " + run + " must be a new or empty folder; name another with --run\n");
  }

  @Test
  void data_inspectAndPreview() throws IOException {
    Path data = images();
    Output inspect = lamina("data", "inspect", "--data", data);
    assertThat(inspect.status()).as(inspect.err()).isZero();
    assertThat(inspect.out())
        .startsWith("60 training and 15 test images, 32 x 32 x 3, 3 classes")
        .containsPattern("class1 +20 +5");
    Path picture = folder.resolve("preview.png");
    Output preview = lamina("data", "preview", "--data", data, "--out", picture);
    assertThat(preview.status()).as(preview.err()).isZero();
    assertThat(preview.out()).isEqualTo("recipe  scratch-small\npicture " + picture + "\n");
    assertThat(ImageIO.read(picture.toFile())).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "bfloat16"})
  void divergence_isOneLineAndKeepsGoodWeights(String precision) throws IOException {
    Path run = folder.resolve("diverged");
    Output train =
        lamina(
            "train",
            "--data",
            images(),
            "--run",
            run,
            "--width",
            2,
            "--epochs",
            2,
            "--batch-size",
            8,
            "--learning-rate",
            "1e30",
            "--precision",
            precision);
    assertThat(train.status()).isEqualTo(2);
    assertThat(train.err().lines().reduce((a, b) -> b).orElseThrow())
        .matches(
            "lamina: training diverged at step \\d+ \\(learning rate \\S+\\): the loss, a gradient or a weight is not finite\\."
                + " The model was reset to its weights before training\\. Try a lower learning rate, a warm-up or clipNorm");
    assertThat(run.resolve("export")).doesNotExist();
    assertThat(run.resolve("config.json"))
        .content()
        .contains("\"precision\" : \"" + precision.toUpperCase(Locale.ROOT) + "\"");
    assertThat(lamina("evaluate", "--run", run).out()).containsPattern("test loss [12]\\.");
  }

  @Test
  void badFiles_areOneLineAndStatus2() throws IOException {
    Path data = images();
    Path run = folder.resolve("run");
    assertThat(lamina("train", "--data", data, "--run", run, "--width", 2, "--epochs", 1).status())
        .isZero();
    // Not "auto": a run says what it did.
    assertThat(run.resolve("config.json"))
        .content()
        .containsPattern("\"precision\" : \"B?FLOAT(32|16)\"");
    Path missing = folder.resolve("missing");
    rejects(
        missing + " does not exist; check the path, or name cifar10, cifar100 or fashion-mnist",
        "train",
        "--data",
        missing);
    Path small = folder.resolve("small.png");
    ImageIO.write(
        new java.awt.image.BufferedImage(31, 30, java.awt.image.BufferedImage.TYPE_INT_RGB),
        "png",
        small.toFile());
    assertThat(lamina("predict", "--run", run, small).out()).startsWith(small + ": ");
    Path garbage = Files.write(folder.resolve("garbage.png"), new byte[] {1, 2, 3});
    rejects(
        garbage
            + " is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or"
            + " remove it",
        "predict",
        "--run",
        run,
        garbage);
    rejects(
        "target must be a new or empty folder, got " + data + "; choose another or delete it",
        "export",
        "--run",
        run,
        data);
    for (String own : List.of("weights.safetensors", "initial.safetensors")) {
      rejects(
          "the target must not be a file that a run keeps, got "
              + run.resolve(own)
              + "; choose another name",
          "export",
          "--run",
          run,
          run.resolve(own));
    }
    rejects(
        "classes of the images must be the network's 3, got 10",
        "evaluate",
        "--run",
        run,
        "--data",
        "embedded");
    Path weights = run.resolve("weights.safetensors");
    Files.write(weights, new byte[] {1, 2, 3});
    Output truncated = lamina("evaluate", "--run", run);
    assertThat(truncated.status()).isEqualTo(2);
    assertThat(truncated.err().lines()).hasSize(1);
    assertThat(truncated.err()).startsWith("lamina: " + weights + " is truncated");
    Path config = run.resolve("config.json");
    for (String damaged : List.of("{}", "null", "{\"data\": \"em")) {
      Files.writeString(config, damaged);
      Output output = lamina("summary", "--run", run);
      assertThat(output.status()).as(damaged).isEqualTo(2);
      assertThat(output.err()).startsWith("lamina: " + config + " is damaged (");
      assertThat(output.err()).endsWith("); train again or restore the file\n");
    }
  }

  @Test
  void fullDisk_isOneLineAndStatus2() {
    Path full = Path.of("/dev/full");
    org.junit.jupiter.api.Assumptions.assumeTrue(Files.exists(full));
    // Nothing can be made below a device.
    Output output = lamina("data", "preview", "--out", full.resolve("preview.png"));
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.err())
        .startsWith("lamina: /dev/full/preview.png could not be written (")
        .endsWith("); free space or choose another folder\n");
  }

  @Test
  void benchmark_printsEveryLineAndWritesTheTimeline() throws IOException {
    Path timeline = folder.resolve("timeline.json");
    Output output =
        lamina(
            "benchmark",
            "--width",
            1,
            "--batch-size",
            8,
            "--steps",
            2,
            "--precision",
            "float32",
            "--trace",
            timeline);
    assertThat(output.status()).as(output.err()).isZero();
    List<String> patterns =
        new ArrayList<>(
            List.of(
                "processor         .+",
                "instruction sets  .+",
                "device            cpu",
                "threads           \\d+",
                "TensorFlow        \\d+\\.\\d+\\.\\d+",
                "precision         float32",
                "network           resnet-cifar of width 1, 8 images a step",
                "training          \\d+\\.\\d images/s \\(median of 2 steps, \\d+\\.\\d to \\d+\\.\\d\\)",
                "memory            (unknown|[\\d,]+ MiB), peak (unknown|[\\d,]+ MiB)",
                "arithmetic        \\d+\\.\\d GFLOP/s",
                "matrix product    \\d+\\.\\d GFLOP/s, training reaches \\d+\\.\\d %",
                "input pipeline    \\d+ images/s alone",
                "timeline          " + Pattern.quote(timeline.toString()),
                "",
                "operations of a traced step +count +ms +share"));
    for (StepProfile.Kind kind : StepProfile.Kind.values()) {
      patterns.add(Pattern.quote(kind.label()) + " +\\d+ +\\d+\\.\\d\\d +\\d+\\.\\d %");
    }
    patterns.add("all +\\d+ +\\d+\\.\\d\\d +100\\.0 %");
    patterns.add(
        "Operations run beside each other: \\d+\\.\\d\\d ms of them in \\d+\\.\\d\\d ms\\.");
    List<String> lines = output.out().lines().toList();
    assertThat(lines).hasSameSizeAs(patterns);
    for (int i = 0; i < lines.size(); i++) {
      assertThat(lines.get(i)).matches(patterns.get(i));
    }
    String counted = lines.get(lines.size() - 2).split(" +", -1)[1];

    JsonNode events = new ObjectMapper().readTree(timeline.toFile()).get("traceEvents");
    assertThat(events).hasSize(Integer.parseInt(counted));
    Map<String, Double> ends = new HashMap<>();
    for (JsonNode event : events) {
      double start = event.get("ts").doubleValue();
      double duration = event.get("dur").doubleValue();
      String row = event.get("pid") + "/" + event.get("tid");
      assertThat(event.get("ph").textValue()).isEqualTo("X");
      assertThat(duration).isNotNegative();
      // The sum of two rounded numbers, in us.
      assertThat(start).isGreaterThanOrEqualTo(ends.getOrDefault(row, 0.0) - 1e-6);
      ends.put(row, start + duration);
    }
  }

  private static void rejects(String message, Object... args) {
    Output output = lamina(args);
    assertThat(output.err()).isEqualTo("lamina: " + message + "\n");
    assertThat(output.status()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          train --width 0                | lamina: width must be positive, got 0
          train --width 100000000        | lamina: conv1.0.weight must have at most 2147483647 values, got the shape [3, 3, 3, 100000000]; take fewer channels, such as by a smaller width
          train --augment ,              | lamina: --augment must not be empty, got ","; see 'lamina train --help'
          train --freeze ,               | lamina: --freeze must not be empty, got ","; see 'lamina train --help'
          train --data=                  | lamina: --data must not be empty, got ""; see 'lamina train --help'
          serve x --host=                | lamina: --host must not be empty, got ""; see 'lamina serve --help'
          train --augment Cutout:size=8:size=9 | lamina: --augment must have every option once, got two size in Cutout:size=8:size=9
          train --augment Cutout:size=NaN | lamina: size of augmentation (Cutout) must be a whole number, got "NaN"
          train --augment RandomFlip:x=1 | lamina: augmentation (RandomFlip) has no option "x"; its options: none
          train --learning-rate NaN      | lamina: --learning-rate must be a finite number, got NaN
          train --weight-decay Infinity  | lamina: --weight-decay must be a finite number, got Infinity
          benchmark --trace docs         | lamina: --trace must be a file, got the folder docs; name a file in it
          compare x --out docs           | lamina: --out must be a file, got the folder docs; name a file in it
          launch --workers 2 train --nope | lamina: Unknown option: '--nope'; did you mean '--no-augment'?; see 'lamina train --help'
          train --batch-size 0           | lamina: batchSize must be positive, got 0
          train --epochs -1              | lamina: epochs must be positive, got -1
          train --learning-rate -0.1     | lamina: schedule (OneCycle): peak must be positive, got -0.1
          train --weight-decay -1        | lamina: optimizer (Momentum): weightDecay must be finite and not negative, got -1.0
          train --width x                | lamina: Invalid value for option '--width': 'x' is not an int; see 'lamina train --help'
          train --width 4 --from x       | lamina: --width must not be given with --from, which has a network already; see 'lamina train --help'
          train --network x --from y     | lamina: --network must not be given with --from, which has a network already; see 'lamina train --help'
          train --validation 1           | lamina: validationSplit must be in [0, 1), got 1.0
          train --validation -0.1        | lamina: validationSplit must be in [0, 1), got -0.1
          train --from nowhere           | lamina: nowhere does not exist; check the path
          train --from docs              | lamina: docs is not a run or an export: it has no config.json and no saved_model.pb; name the folder that 'lamina train' printed
          train --from pom.xml           | lamina: pom.xml is not a safetensors file: header length must be at most 100000000, got 7311066695147732796; check that it is the right file
          train --freeze conv1,body      | lamina: freeze must name layers with weights, got "body"; the network has [normalize, conv1, layer1, layer2, layer3, layer4, classifier]
          train --freeze conv1,layer1,layer2,layer3,layer4,classifier | lamina: freeze must leave a layer to train, got [conv1, layer1, layer2, layer3, layer4, classifier]
          train --precision half         | lamina: Invalid value for option '--precision': expected one of [AUTO, FLOAT32, BFLOAT16, FLOAT16] (case-insensitive) but was 'half'; see 'lamina train --help'
          benchmark --precision half     | lamina: Invalid value for option '--precision': expected one of [AUTO, FLOAT32, BFLOAT16, FLOAT16] (case-insensitive) but was 'half'; see 'lamina benchmark --help'
          benchmark --steps 0            | lamina: steps must be positive, got 0
          benchmark --width 0            | lamina: width must be positive, got 0
          benchmark --batch-size -1      | lamina: batchSize must be positive, got -1
          benchmark --data nowhere       | lamina: nowhere does not exist; check the path, or name cifar10, cifar100 or fashion-mnist
          serve                          | lamina: Missing required parameter: 'EXPORT'; see 'lamina serve --help'
          serve nowhere                  | lamina: nowhere does not exist or is not a folder; check the path
          serve nowhere --port 70000     | lamina: port must be in 0..65535, got 70000
          serve nowhere --max-batch-size 0     | lamina: maxBatchSize must be positive, got 0
          serve nowhere --batch-timeout-ms -1  | lamina: batchTimeout must be in 0..60000 ms, got -1 ms
          serve nowhere --name a/b       | lamina: modelName must consist of letters, digits, '.', '_' and '-', got a/b
          predict                        | lamina: Missing required parameter: 'IMAGE'; see 'lamina predict --help'
          summary --run x --network vgg  | lamina: --network must not be given with --run, which has a network already; see 'lamina summary --help'
          summary --width 4 --run x      | lamina: --width must not be given with --run, which has a network already; see 'lamina summary --help'
          evaluate --run nowhere         | lamina: nowhere does not exist; check the path
          trian                          | lamina: Unmatched argument at index 0: 'trian'; did you mean 'train'?; see 'lamina --help'
          data inspct                    | lamina: Unmatched argument at index 1: 'inspct'; did you mean 'inspect'?; see 'lamina data --help'
          train --epoch 3                | lamina: Unknown options: '--epoch', '3'; did you mean '--epochs'?; see 'lamina train --help'
          completion fish                | lamina: Invalid value for positional parameter at index 0 (SHELL): expected one of [BASH, ZSH] (case-insensitive) but was 'fish'; see 'lamina completion --help'
          data                           | lamina: data needs a command: inspect or preview; see 'lamina data --help'
          """)
  void badInput_isOneLineAndStatus2(String line, String message) {
    Path run = folder.resolve("none");
    String[] words = line.strip().split(" ", -1);
    Object[] args = new Object[words.length + (words[0].equals("train") ? 2 : 0)];
    System.arraycopy(words, 0, args, 0, words.length);
    if (words[0].equals("train")) {
      args[words.length] = "--run";
      args[words.length + 1] = run;
    }
    Output output = lamina(args);
    assertThat(output.err()).isEqualTo(message + "\n");
    assertThat(output.status()).isEqualTo(2);
    assertThat(run).doesNotExist();
  }

  /** Other tests may have registered more. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          train --network resnet-cifr | network | resnet-cifar | "resnet-cifr"; did you mean "resnet-cifar"?
          train --recipe quik         | recipe  | published    | "quik"; did you mean "quick"?
          train --loss CrossEntropie  | loss    | CrossEntropy | "CrossEntropie"; did you mean "CrossEntropy"?
          summary --network vgg       | network | resnet-cifar | "vgg"
          benchmark --network mlp     | network | resnet-cifar | "mlp"
          benchmark --recipe none     | recipe  | quick        | "none"
          """)
  void wrongName_isOneLineWithTheNearest(String line, String noun, String known, String end) {
    Output output = lamina((Object[]) line.split(" ", -1));
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.err().lines()).hasSize(1);
    assertThat(output.err())
        .startsWith("lamina: " + noun + " must be one of ")
        .contains(known)
        .endsWith(", got " + end + "\n");
  }

  @Test
  void noArguments_showTheCommands() {
    Output output = lamina();
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.err()).contains("train").contains("evaluate").contains("predict");
    assertThat(lamina("--help").out()).contains("Usage: lamina");
    assertThat(lamina("--version").out()).startsWith("lamina ");
  }
}
