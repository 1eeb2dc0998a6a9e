package dev.lamina.cli;

import static dev.lamina.cli.OptionRuns.NAME;
import static dev.lamina.cli.OptionRuns.base;
import static dev.lamina.cli.OptionRuns.changesWeights;
import static dev.lamina.cli.OptionRuns.config;
import static dev.lamina.cli.OptionRuns.data;
import static dev.lamina.cli.OptionRuns.dataOptions;
import static dev.lamina.cli.OptionRuns.dataWords;
import static dev.lamina.cli.OptionRuns.deviceOption;
import static dev.lamina.cli.OptionRuns.fails;
import static dev.lamina.cli.OptionRuns.fresh;
import static dev.lamina.cli.OptionRuns.resizeOptions;
import static dev.lamina.cli.OptionRuns.succeeds;
import static dev.lamina.cli.OptionRuns.train;
import static dev.lamina.cli.OptionRuns.trainOutput;
import static dev.lamina.cli.OptionRuns.trained;
import static dev.lamina.cli.OptionRuns.weights;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableMap;
import dev.lamina.graph.PretendGpu;
import dev.lamina.model.Model;
import dev.lamina.zoo.Zoo;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Every option of every command, with what it changes. */
class OptionEffectsTest {
  @TempDir private static Path scratch;

  private static final String WAITING = "lamina_queue_images{signature=\"serving_default\"} 1.0";
  private static final String TWO_BATCHES =
      "lamina_batch_size_count{signature=\"serving_default\"} 2";

  @BeforeAll
  static void trainBase() throws IOException {
    OptionRuns.trainBase(scratch);
  }

  /** What one benchmark printed, for all its options: it takes seconds. */
  private static final Supplier<String> BENCHMARK =
      Suppliers.memoize(
          () ->
              succeeds(
                      dataWords(
                          "benchmark --width 2 --precision bfloat16",
                          OptionEffectsTest::benchmarkWords,
                          "--data",
                          data,
                          "--trace",
                          scratch.resolve("timeline.json")))
                  .out());

  /** The address of a server that was started with all its options, and did what they say. */
  private static final Supplier<URI> SERVED = Suppliers.memoize(OptionEffectsTest::serve);

  private static final ImmutableMap<String, Executable> EFFECTS =
      ImmutableMap.<String, Executable>builder()
          .putAll(trainEffects())
          .putAll(recipeEffects())
          .putAll(dataOptions("train", OptionEffectsTest::trainWords))
          .putAll(FindLearningRateEffects.all())
          .putAll(resizeOptions("train", OptionEffectsTest::trainWords))
          .putAll(resizeOptions("benchmark", OptionEffectsTest::benchmarkWords))
          .putAll(resizeOptions("data inspect", List::of))
          .putAll(resizeOptions("data preview", OptionEffectsTest::previewWords))
          .putAll(modelEffects())
          .put("sweep --out", OptionEffectsTest::sweepIntoAnotherFolder)
          .putAll(benchmarkEffects())
          .putAll(deviceOption("benchmark", OptionEffectsTest::benchmarkWords))
          .putAll(deviceOption("find-lr", List::of))
          .putAll(deviceOption("sweep", () -> List.of("nowhere.yaml")))
          .putAll(deviceOption("predict", () -> List.of("--run", base, "nowhere.png")))
          .putAll(compareEffects())
          .putAll(dataOptions("benchmark", OptionEffectsTest::benchmarkWords))
          .putAll(serveEffects())
          .putAll(launchEffects())
          .putAll(dataOptions("data inspect", List::of))
          .putAll(dataOptions("data preview", OptionEffectsTest::previewWords))
          .put(
              "data preview --out",
              () -> {
                Path picture = fresh();
                succeeds("data", "preview", "--data", data, "--out", picture);
                assertThat(ImageIO.read(picture.toFile())).isNotNull();
              })
          .build();

  private static List<?> trainWords() {
    return List.of("--network", NAME, "--epochs", 1, "--run", fresh());
  }

  private static List<?> benchmarkWords() {
    return List.of("--network", NAME, "--batch-size", 2, "--steps", 1);
  }

  /** The picture's name is in the output. */
  private static List<?> previewWords() {
    return List.of("--out", fresh());
  }

  private static Map<String, Executable> trainEffects() {
    return ImmutableMap.<String, Executable>builder()
        .put(
            "train --run",
            () -> {
              Path again = train(Map.of());
              assertThat(trained(again)).isEqualTo(trained(base));
            })
        .put(
            "train --config",
            () -> {
              Path yaml =
                  Files.writeString(
                      fresh(),
                      "data: %s\nnetwork: %s\nrecipe: {batchSize: 5, epochs: 1, precision: FLOAT32}"
                          .formatted(data, NAME));
              for (Path file : List.of(yaml, base.resolve("config.json"))) {
                Path run = fresh();
                succeeds("train", "--config", file, "--run", run);
                assertThat(trained(run)).as("%s", file).isEqualTo(trained(base));
              }
            })
        .put(
            "train --resume",
            () -> {
              Path run = train(Map.of());
              succeeds("train", "--resume", run, "--epochs", 2);
              assertThat(Files.readAllLines(run.resolve("history.csv"))).hasSize(3);
            })
        .put(
            "train --from",
            () -> {
              Path run = fresh();
              assertThat(
                      succeeds("train", "--data", data, "--from", base, "--epochs", 1, "--run", run)
                          .out())
                  .startsWith(
                      "recipe     finetune-small, chosen for 12 training images and pretrained weights; --recipe"
                          + " NAME chooses another\n")
                  .contains(
                      "\nstages     5 epochs of the classifier alone, then those of all layers\n");
              assertThat(weights(run.resolve("initial.safetensors"))).isEqualTo(trained(base));
              // Of images of another size, the model's size is made.
              Path larger = fresh();
              Path images = MainTest.images(fresh());
              succeeds("train", "--data", images, "--from", base, "--epochs", 1, "--run", larger);
              assertThat(config(larger)).contains("\"height\" : " + OptionRuns.SIDE + ",");
            })
        .put(
            "train --pretrained",
            () ->
                assertThat(fails("train", "--data", data, "--pretrained", "nowhere").err())
                    .contains("pretrained weights must be an existing file", "got nowhere"))
        .put("train --freeze", OptionEffectsTest::freeze)
        .put(
            "train --validation",
            () ->
                assertThat(trainOutput(fresh(), Map.of("--validation", 0.5)).out())
                    .contains("\nvalidation 0.5 of the training images\n"))
        .put(
            "train --test-curve",
            () -> {
              assertThat(base.resolve("history.csv")).content().doesNotContain("test_accuracy");
              Path run = train(Map.of("--test-curve", ""));
              assertThat(run.resolve("history.csv")).content().contains("test_accuracy");
            })
        .put(
            "train --quiet",
            () -> {
              var output = trainOutput(fresh(), Map.of("--quiet", ""));
              assertThat(output.out()).startsWith("weights ").contains("\ntest accuracy ");
              assertThat(output.err()).isEmpty();
              assertThat(trainOutput(fresh(), Map.of()).err()).contains("epoch 1/1 ");
            })
        .put(
            "train --tensorboard",
            () -> {
              assertThat(base.resolve("tensorboard")).doesNotExist();
              Path run = train(Map.of("--tensorboard", ""));
              assertThat(run.resolve("tensorboard"))
                  .isDirectoryContaining(file -> file.toString().contains("events.out.tfevents"));
              assertThat(trained(run)).isEqualTo(trained(base));
            })
        .put(
            "train --network",
            () -> {
              Map<String, Object> other = Map.of("--network", Zoo.DEFAULT, "--width", 1);
              assertThat(trainOutput(fresh(), other).out()).contains("\nnetwork    resnet-cifar ");
            })
        .put(
            "train --width",
            () -> {
              Path run = train(Map.of("--width", 6));
              assertThat(trained(run).values().stream().mapToInt(List::size).sum())
                  .isGreaterThan(trained(base).values().stream().mapToInt(List::size).sum());
            })
        .build();
  }

  private static void sweepIntoAnotherFolder() throws IOException {
    Path used = Files.createDirectories(fresh());
    Files.writeString(used.resolve("001.json"), "{}");
    Path file = Files.writeString(fresh(), "values: {recipe.epochs: [1]}");
    assertThat(fails("sweep", file, "--out", used).err())
        .startsWith("lamina: " + used.resolve("001.json") + " must be of this sweep");
  }

  private static void freeze() {
    String layer = trained(base).keySet().iterator().next().replaceFirst("\\..*", "");
    Path run = fresh();
    succeeds(
        "train", "--data", data, "--from", base, "--freeze", layer, "--epochs", 1, "--run", run);
    assertThat(trained(run)).isNotEqualTo(trained(base));
    trained(run)
        .forEach(
            (name, values) -> {
              if (name.startsWith(layer + ".")) {
                assertThat(values).as(name).isEqualTo(trained(base).get(name));
              }
            });
  }

  private static Map<String, Executable> recipeEffects() {
    return ImmutableMap.<String, Executable>builder()
        .put(
            "train --recipe",
            () -> {
              Path run = fresh();
              succeeds("train", "--data", data, "--network", NAME, "--recipe", NAME, "--run", run);
              assertThat(config(run)).contains("\"batchSize\" : 3,");
            })
        .put(
            "train --epochs",
            () -> {
              Path run = train(Map.of("--epochs", 2));
              assertThat(Files.readAllLines(run.resolve("history.csv"))).hasSize(3);
            })
        .put("train --accumulate", () -> changesWeights("--accumulate", 2, "\"accumulate\" : 2,"))
        .put(
            "train --image-scales",
            () -> {
              changesWeights("--image-scales", 0.5, "\"imageScales\" : [ 0.5 ],");
              Path file =
                  Files.writeString(
                      fresh(),
                      "data: %s\nnetwork: %s\nrecipe: {batchSize: 5, epochs: 2, precision: FLOAT32, imageScales: [0.5, 1]}"
                          .formatted(data, NAME));
              Path run = fresh();
              succeeds("train", "--config", file, "--epochs", 1, "--image-scales", 1, "--run", run);
              assertThat(trained(run)).isEqualTo(trained(base));
            })
        .put(
            "train --sync-batch-norm", // Of two workers' batches: ClusterTest.
            () -> {
              Path run = train(Map.of("--sync-batch-norm", ""));
              assertThat(config(run)).contains("\"synchronizedBatchNorms\" : true,");
              assertThat(trained(run)).isEqualTo(trained(base));
            })
        .put(
            "train --sampler",
            () -> changesWeights("--sampler", "Weighted", "\"kind\" : \"Weighted\","))
        .put("train --batch-size", () -> changesWeights("--batch-size", 4, "\"batchSize\" : 4,"))
        .put("train --learning-rate", () -> changesWeights("--learning-rate", 0.125, " : 0.125"))
        .put("train --momentum", () -> changesWeights("--momentum", 0.375, "momentum\" : 0.375"))
        .put("train --nesterov", () -> changesWeights("--nesterov", "", "nesterov\" : true"))
        .put(
            "train --weight-decay",
            () -> changesWeights("--weight-decay", 0.25, "weightDecay\" : 0.25"))
        .put("train --loss", () -> changesWeights("--loss", "DoubleLoss", "\"DoubleLoss\""))
        .put(
            "train --label-smoothing",
            () -> changesWeights("--label-smoothing", 0.2, "labelSmoothing\" : 0.2"))
        .put(
            "train --augment",
            () -> {
              changesWeights(
                  "--augment",
                  "RandomFlip,RandomCrop:padding=2:border=ZERO",
                  "{\n      \"kind\" : \"RandomCrop\",\n      \"padding\" : 2,");
              assertThat(fails("train", "--augment", "Cutout").err())
                  .isEqualTo("lamina: augmentation (Cutout) lacks the option \"size\"\n");
              assertThat(fails("train", "--augment", "Cutot").err())
                  .startsWith("lamina: augmentation must be one of ")
                  .endsWith(", got \"Cutot\"; did you mean \"Cutout\"?\n");
              assertThat(fails("train", "--augment", "Cutout:8").err())
                  .isEqualTo("lamina: --augment must be NAME:OPTION=VALUE, got Cutout:8\n");
            })
        .put(
            "train --no-augment",
            () -> changesWeights("--no-augment", "", "\"augmentations\" : [ ]"))
        .put("train --seed", () -> changesWeights("--seed", 77, "\"seed\" : 77"))
        .put(
            "train --device",
            () -> {
              PretendGpu.two();
              Path run = fresh();
              assertThat(trainOutput(run, Map.of("--device", "gpu:7,gpu:8")).out())
                  .contains("\ndevice     gpu:7,gpu:8, which share every batch of 5\n");
              assertThat(config(run)).contains("\"device\" : \"gpu:7,gpu:8\"");
              assertThat(trained(run)).as("of batch norms of shards").isNotEqualTo(trained(base));
              assertThat(succeeds("train", "--resume", run, "--epochs", 2, "--device", "cpu").out())
                  .contains("\ndevice     cpu\n");
            })
        .put("train --precision", () -> changesWeights("--precision", "bfloat16", "BFLOAT16"))
        .build();
  }

  private static Map<String, Executable> modelEffects() {
    Executable summaryOfRun =
        () -> assertThat(succeeds("summary", "--run", base).out()).contains(" 8 x 8 x 3");
    return ImmutableMap.<String, Executable>builder()
        .putAll(dataOptions("evaluate", () -> List.of("--run", base)))
        .put(
            "evaluate --run",
            () ->
                assertThat(succeeds("evaluate", "--run", base).out())
                    .startsWith("model      " + base + "\n"))
        .put(
            "evaluate --report",
            () -> {
              Path pictures = fresh();
              succeeds("evaluate", "--run", base, "--report", pictures);
              assertThat(pictures.resolve("confusion_matrix.png")).exists();
            })
        .put(
            "evaluate --tta",
            () -> {
              String out = succeeds("evaluate", "--run", base, "--tta", "flip-shift").out();
              assertThat(out)
                  .containsPattern(
                      "\naccuracy with test-time augmentation 0\\.\\d{4}\ntest loss .*\ntest accuracy 0\\.\\d{4}\n$");
            })
        .put(
            "evaluate --device",
            () -> {
              PretendGpu.create();
              assertThat(succeeds("evaluate", "--run", base, "--device", "gpu:7").out())
                  .contains("\ndevice     gpu:7\n");
            })
        .put("evaluate --all-classes", OptionEffectsTest::allClasses)
        .put(
            "evaluate --json",
            () ->
                assertThat(succeeds("evaluate", "--run", base, "--json").out())
                    .startsWith("{\"images\":4,\"loss\":"))
        .put(
            "predict --run",
            () -> {
              Object image = data.resolve("test/class0/6.png");
              Path other = train(Map.of("--seed", 5));
              assertThat(succeeds("predict", "--run", base, image).out())
                  .isNotEqualTo(succeeds("predict", "--run", other, image).out());
            })
        .put(
            "predict --top",
            () -> {
              Object image = data.resolve("test/class0/6.png");
              assertThat(succeeds("predict", "--run", base, image).out()).contains(", class");
              assertThat(succeeds("predict", "--run", base, "--top", 1, image).out())
                  .doesNotContain(", class");
            })
        .put(
            "predict --json",
            () -> {
              Object image = data.resolve("test/class0/6.png");
              String line = succeeds("predict", "--run", base, "--json", image).out();
              JsonNode json = new ObjectMapper().readTree(line);
              assertThat(json.get("image").textValue()).isEqualTo(image.toString());
              double sum = 0;
              for (JsonNode named : json.get("classes")) {
                assertThat(named.get("name").textValue()).startsWith("class");
                sum += named.get("probability").doubleValue();
              }
              assertThat(sum).isCloseTo(1, Offset.offset(1e-5));
            })
        .put(
            "evaluate --quiet",
            () -> {
              String all = succeeds("evaluate", "--run", base).out();
              String quiet = succeeds("evaluate", "--run", base, "--quiet").out();
              assertThat(all).endsWith(quiet).isNotEqualTo(quiet);
            })
        .put(
            "predict --explain",
            () -> {
              Object image = data.resolve("test/class0/6.png");
              Path maps = fresh();
              assertThat(succeeds("predict", "--run", base, "--explain", maps, image, image).out())
                  .endsWith("\nheat maps  " + maps + "\n");
              // 320 pixels for the image, as many for the heat map, three gaps.
              for (String name : List.of("6-explained.png", "6-explained-2.png")) {
                assertThat(ImageIO.read(maps.resolve(name).toFile()).getWidth())
                    .isEqualTo(2 * 320 + 3 * 12);
              }
            })
        .put("summary --run", summaryOfRun)
        .put(
            "summary --network",
            () -> {
              assertThat(succeeds("summary", "--network", NAME).out())
                  .isNotEqualTo(succeeds("summary", "--network", Zoo.DEFAULT).out());
            })
        .put(
            "summary --width",
            () ->
                assertThat(succeeds("summary", "--width", 1).out())
                    .isNotEqualTo(succeeds("summary", "--width", 2).out()))
        .put("summary --json", OptionEffectsTest::summaryAsJson)
        .put("data inspect --json", OptionEffectsTest::inspectionAsJson)
        .put(
            "export --run",
            () -> {
              Path target = fresh();
              succeeds("export", "--run", base, target);
              assertThat(target.resolve("assets.extra/lamina.json")).content().contains("class1");
              Path weights = target.resolveSibling("w.safetensors");
              assertThat(succeeds("export", "--run", base, weights).out())
                  .isEqualTo("weights " + weights + "\n");
              assertThat(weights).hasSameBinaryContentAs(base.resolve("weights.safetensors"));
              Path keras = target.resolveSibling("model.KERAS");
              assertThat(fails("export", "--run", base, keras).err())
                  .isEqualTo(
                      "lamina: the target must be a folder for a SavedModel, or end with .onnx or .safetensors, got %s\n"
                          .formatted(keras));
              assertThat(keras).doesNotExist();
            })
        .build();
  }

  /** A convolution of 4 filters, 3 x 3 x 3, its batch norm, and a classifier of 2 classes. */
  private static void summaryAsJson() throws IOException {
    JsonNode json = new ObjectMapper().readTree(succeeds("summary", "--run", base, "--json").out());
    assertThat(json.get("input")).hasToString("[8,8,3]");
    assertThat(json.get("layers").get(1))
        .hasToString(
            "{\"name\":\"1\",\"kind\":\"Conv2d\",\"output\":[8,8,4],\"parameters\":%s,\"running_statistics\":0,\"macs\":%s}"
                .formatted(4 * 27 + 4, 64 * 4 * 27));
    assertThat(json.get("parameters").longValue()).isEqualTo(4 * 27 + 4 + 2 * 4 + 4 * 2 + 2);
    assertThat(json.get("running_statistics").longValue()).isEqualTo(2 * 4);
    assertThat(json.get("macs").longValue()).isEqualTo(64 * 4 * 27 + 4 * 2);
  }

  private static void inspectionAsJson() throws IOException {
    Object[] words = {"data", "inspect", "--data", data, "--json"};
    JsonNode json = new ObjectMapper().readTree(succeeds(words).out());
    assertThat(json.get("images")).hasToString("{\"train\":12,\"test\":4}");
    assertThat(json.get("classes").get(1))
        .hasToString("{\"name\":\"class1\",\"train\":6,\"test\":2}");
    assertThat(json.get("std")).hasSize(3);
    assertThat(json.get("findings").get(0).get("what").textValue())
        .isEqualTo("2 of 2 classes have fewer than 20 training images");
  }

  private static void allClasses() throws IOException {
    List<String> names = IntStream.range(10, 31).mapToObj(i -> "class" + i).toList();
    Path weights = fresh();
    try (Model model = Zoo.get(NAME).classes(names).build()) {
      model.saveWeights(weights);
    }
    Path images = fresh();
    for (String name : names) {
      for (String part : List.of("train", "test")) {
        Path file = Files.createDirectories(images.resolve(part).resolve(name)).resolve("0.png");
        Files.copy(data.resolve("test/class0/6.png"), file);
      }
    }
    Object[] words = {"evaluate", "--run", weights, "--data", images, "--all-classes"};
    assertThat(succeeds(Arrays.copyOf(words, 5)).out().lines())
        .contains("--all-classes shows all")
        .filteredOn(line -> line.startsWith("class"))
        .hasSize(1 + 20);
    assertThat(succeeds(words).out().lines())
        .doesNotContain("--all-classes shows all")
        .filteredOn(line -> line.startsWith("class"))
        .hasSize(1 + 21);
  }

  private static Map<String, Executable> compareEffects() {
    return ImmutableMap.of(
        "compare --out",
        () -> {
          Path page = fresh();
          succeeds("compare", base, "--out", page);
          assertThat(page).content().contains("<bdi>" + base.getFileName() + "</bdi>");
        },
        "compare --json",
        () ->
            assertThat(succeeds("compare", base, "--json", "--out", fresh()).out())
                .startsWith("{\"runs\":[{\"run\":\"" + base + "\""),
        "compare --sort",
        () -> {
          Path other = train(Map.of());
          // More than any run can have.
          Files.writeString(other.resolve("history.csv"), "epoch,val_accuracy\n1,1.5\n");
          for (boolean sorted : new boolean[] {false, true}) {
            List<Object> words = new ArrayList<>(List.of("compare", base, other, "--out", fresh()));
            words.addAll(sorted ? List.of("--sort") : List.of());
            String first = succeeds(words).out().lines().toList().get(1);
            assertThat(first).startsWith((sorted ? other : base).getFileName() + " ");
          }
        });
  }

  private static Map<String, Executable> benchmarkEffects() {
    return ImmutableMap.of(
        "benchmark --network",
        () -> assertThat(BENCHMARK.get()).contains("network           " + NAME),
        "benchmark --width",
        () -> assertThat(BENCHMARK.get()).contains(" of width 2, "),
        "benchmark --precision",
        () -> assertThat(BENCHMARK.get()).contains("precision         bfloat16"),
        "benchmark --recipe",
        () ->
            assertThat(
                    succeeds(
                            "benchmark",
                            "--data",
                            data,
                            "--network",
                            NAME,
                            "--recipe",
                            NAME,
                            "--steps",
                            1)
                        .out())
                .contains(", 3 images a step"),
        "benchmark --batch-size",
        () -> assertThat(BENCHMARK.get()).contains(", 2 images a step"),
        "benchmark --steps",
        () -> assertThat(BENCHMARK.get()).contains("(median of 1 steps"),
        "benchmark --trace",
        () ->
            assertThat(BENCHMARK.get()).containsPattern("timeline          \\S+/timeline\\.json"));
  }

  /** What is refused; {@code LaunchTest} shows what they do. */
  private static Map<String, Executable> launchEffects() {
    return ImmutableMap.of(
        "launch --workers",
        () -> assertThat(launch("--workers", 0)).contains("--workers must be positive, got 0"),
        "launch --nodes",
        () ->
            assertThat(launch("--workers", 1, "--nodes", 2))
                .contains("--coordinator must be given for several machines"),
        "launch --node-rank",
        () ->
            assertThat(launch("--workers", 1, "--node-rank", 1))
                .contains("--node-rank must be from 0 to 0, got 1"),
        "launch --coordinator",
        () -> {
          assertThat(launch("--workers", 1, "--coordinator", "host"))
              .contains("--coordinator must be HOST:PORT, got host");
          // As where /etc/hosts maps a machine's own name to 127.0.1.1.
          assertThat(launch("--workers", 1, "--nodes", 2, "--coordinator", "localhost:29500"))
              .contains(
                  "--coordinator must be an address that all machines reach, but this machine takes"
                      + " localhost for itself alone");
        },
        "launch --max-restarts",
        () ->
            assertThat(launch("--workers", 1, "--max-restarts", -1))
                .contains("--max-restarts must not be negative, got -1"),
        "launch --timeout",
        () ->
            assertThat(launch("--workers", 1, "--timeout", 0))
                .contains("--timeout must be positive, got 0"));
  }

  private static String launch(Object... options) {
    List<Object> words = new ArrayList<>(List.of("launch"));
    words.addAll(List.of(options));
    words.addAll(List.of("train", "--run", scratch.resolve("nothing")));
    return fails(words.toArray()).err();
  }

  private static Map<String, Executable> serveEffects() {
    return ImmutableMap.of(
        "serve --port",
        () ->
            assertThat(fails("serve", base, "--port", 70000).err())
                .isEqualTo("lamina: port must be in 0..65535, got 70000\n"),
        "serve --host",
        () -> assertThat(SERVED.get()).hasHost("localhost"),
        "serve --name",
        () -> assertThat(SERVED.get()).hasPath("/v1/models/flowers:predict"),
        "serve --batch-timeout-ms",
        SERVED::get,
        "serve --max-batch-size",
        SERVED::get);
  }

  /** Four images at once are two batches; one image waits for another. */
  private static URI serve() {
    URI[] uri = new URI[1];
    ServedRun.serve(
        served -> {
          uri[0] = served.uri();
          assertThat(served.post(4).get().statusCode()).isEqualTo(200);
          assertThat(served.metrics()).contains(TWO_BATCHES);
          CompletableFuture<HttpResponse<String>> first = served.post(1);
          while (!served.metrics().contains(WAITING)) {
            // On a busy machine its minute may be over before it is looked at.
            first = first.isDone() ? served.post(1) : first;
          }
          assertThat(served.post(1).get().statusCode()).isEqualTo(200);
          assertThat(first.get().statusCode()).isEqualTo(200);
        },
        "--host",
        "localhost",
        "--name",
        "flowers",
        "--batch-timeout-ms",
        60_000,
        "--max-batch-size",
        2);
    return uri[0];
  }

  @TestFactory
  Stream<DynamicTest> effect() {
    return EFFECTS.entrySet().stream()
        .map(entry -> DynamicTest.dynamicTest(entry.getKey(), entry.getValue()));
  }

  @Test
  void predict_ofABadImage_stillAnswersForTheOthers() throws IOException {
    Path good = data.resolve("test");
    try (Stream<Path> files = Files.walk(good)) {
      good = files.filter(Files::isRegularFile).findFirst().orElseThrow();
    }
    Path bad = Files.writeString(scratch.resolve("bad.png"), "text");
    var run = fails("predict", "--run", base, bad, good);
    assertThat(run.out())
        .startsWith(good + ": ")
        .satisfies(text -> assertThat(text.lines()).hasSize(1));
    assertThat(run.err())
        .startsWith("lamina: " + bad + " is not an image")
        .satisfies(text -> assertThat(text.lines()).hasSize(1));
  }

  @Test
  void everyOption_hasAnEffectHere() {
    List<String> options = new ArrayList<>();
    collect(new CommandLine(Main.class), "", options);
    assertThat(EFFECTS.keySet()).containsExactlyInAnyOrderElementsOf(options);
  }

  /** Adds the options of a command and of those below it. */
  private static void collect(CommandLine command, String name, List<String> options) {
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (!option.usageHelp() && !option.versionHelp()) {
        options.add(name + option.longestName());
      }
    }
    command.getSubcommands().forEach((word, below) -> collect(below, name + word + " ", options));
  }
}
