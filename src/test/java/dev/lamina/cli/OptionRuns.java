package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Suppliers;
import com.google.common.primitives.Floats;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.format.Safetensors;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Normalize;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.loss.LossTypes;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipe;
import dev.lamina.train.Recipes;
import dev.lamina.zoo.Zoo;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A small run, and runs beside it that differ in one option. */
final class OptionRuns {
  static final String NAME = "option-effects-test";
  static final int SIDE = 8;

  /** A port that nobody listens on. */
  private static final String MIRROR = "http://127.0.0.1:9/";

  static Path folder = Path.of("");
  static Path data = Path.of("");
  static Path base = Path.of("");
  private static int count;

  private OptionRuns() {}

  /** Twice the default loss. */
  record DoubleLoss() implements Loss {
    @Override
    public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
      return tf.math.mul(CrossEntropy.create().apply(tf, outputs, targets), tf.constant(2f));
    }
  }

  /** Trains the base run, with its files in a folder. */
  static void trainBase(Path scratch) throws IOException {
    folder = scratch;
    Zoo.register(NAME, OptionRuns::network);
    Recipes.register(NAME, Recipe.create().batchSize(3).epochs(1));
    LossTypes.REGISTRY.register(
        "DoubleLoss", DoubleLoss.class, loss -> Options.none(), options -> new DoubleLoss());
    data = images();
    base = train(Map.of());
  }

  private static Network network(Options options) {
    return Network.input(
            options.getInt("imageHeight", SIDE),
            options.getInt("imageWidth", SIDE),
            options.getInt("imageChannels", 3))
        .then(
            Normalize.of(
                options.has("mean") ? options.getDoubles("mean").toArray() : new double[3],
                options.has("std") ? options.getDoubles("std").toArray() : new double[] {1, 1, 1}))
        .then(Conv2d.of(options.getInt("width", 4), 3), BatchNorm.create(), Activation.RELU)
        .then(GlobalAveragePool.create(), Dense.of(options.getInt("classes", 10)));
  }

  /** Small images, six of each class for training and two for tests. */
  private static Path images() throws IOException {
    ImageSet set = ImageData.embedded().train();
    for (int label = 0; label < 2; label++) {
      int written = 0;
      for (int i = 0; written < 8; i++) {
        if (set.label(i) == label) {
          BufferedImage small = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
          Image scaled =
              set.toBufferedImage(i).getScaledInstance(SIDE, SIDE, Image.SCALE_AREA_AVERAGING);
          small.getGraphics().drawImage(scaled, 0, 0, null);
          Path file =
              folder.resolve("data/" + (written < 6 ? "train" : "test")).resolve("class" + label);
          Files.createDirectories(file);
          ImageIO.write(small, "png", file.resolve(written++ + ".png").toFile());
        }
      }
    }
    return folder.resolve("data");
  }

  static Path fresh() {
    return folder.resolve("fresh" + count++);
  }

  static Output succeeds(List<?> words) {
    Output output = MainTest.lamina(words.toArray());
    assertThat(output.status()).as("%s: %s", words, output.err()).isZero();
    return output;
  }

  static Output succeeds(Object... words) {
    return succeeds(List.of(words));
  }

  static Output fails(Object... words) {
    Output output = MainTest.lamina(words);
    assertThat(output.status()).as("%s: %s", List.of(words), output.err()).isEqualTo(2);
    return output;
  }

  /** Words of the base run with other options; an option with the value "" has none. */
  private static List<Object> words(Path run, Map<String, ?> changes) {
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("--data", data);
    options.put("--network", NAME);
    options.put("--batch-size", 5);
    options.put("--epochs", 1);
    options.put("--precision", "float32");
    options.put("--run", run);
    options.putAll(changes);
    List<Object> words = new ArrayList<>(List.of("train"));
    options.forEach(
        (option, value) -> {
          words.add(option);
          if (!value.equals("")) {
            words.add(value);
          }
        });
    return words;
  }

  static Output trainOutput(Path run, Map<String, ?> changes) {
    return succeeds(words(run, changes));
  }

  static Path train(Map<String, ?> changes) {
    Path run = fresh();
    trainOutput(run, changes);
    return run;
  }

  static Map<String, List<Float>> weights(Path file) {
    Map<String, List<Float>> weights = new TreeMap<>();
    Safetensors.read(file)
        .tensors()
        .forEach((name, tensor) -> weights.put(name, Floats.asList(tensor.floats())));
    return weights;
  }

  static Map<String, List<Float>> trained(Path run) {
    return weights(run.resolve("weights.safetensors"));
  }

  static String config(Path run) throws IOException {
    return Files.readString(run.resolve("config.json"));
  }

  /** Such an option changes the trained weights, and is in the configuration. */
  static void changesWeights(String option, Object value, String inConfig) throws IOException {
    Path run = train(Map.of(option, value));
    assertThat(config(base)).doesNotContain(inConfig);
    assertThat(config(run)).contains(inConfig);
    assertThat(trained(run)).isNotEqualTo(trained(base));
  }

  private static List<String> files(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files.filter(Files::isRegularFile).map(Path::toString).toList();
    }
  }

  /** The options that choose images, in a command that reads them. */
  static Map<String, Executable> dataOptions(String command, Supplier<List<?>> more) {
    Supplier<Path> streamed =
        Suppliers.memoize(
            () -> {
              Path cache = fresh();
              succeeds(dataWords(command, more, "--data", data, "--cache", cache, "--stream"));
              return cache;
            });
    return Map.of(
        command + " --data",
        () -> {
          Path missing = folder.resolve("missing");
          assertThat(fails(dataWords(command, more, "--data", missing).toArray()).err())
              .startsWith("lamina: " + missing + " does not exist");
        },
        command + " --stream",
        () -> {
          Path cache = fresh();
          succeeds(dataWords(command, more, "--data", data, "--cache", cache));
          assertThat(cache).doesNotExist();
          assertThat(files(streamed.get())).isNotEmpty();
        },
        command + " --cache",
        () -> assertThat(files(streamed.get())).isNotEmpty(),
        command + " --mirror",
        () ->
            assertThat(
                    fails(
                            dataWords(
                                    command,
                                    more,
                                    "--data",
                                    "fashion-mnist",
                                    "--cache",
                                    fresh(),
                                    "--mirror",
                                    MIRROR)
                                .toArray())
                        .err())
                .contains(MIRROR));
  }

  /** A device that is not there is refused before anything is read, and what there is is named. */
  static Map<String, Executable> deviceOption(String command, Supplier<List<?>> more) {
    return Map.of(
        command + " --device",
        () -> {
          List<Object> words = new ArrayList<>(List.of(command));
          words.addAll(more.get());
          words.addAll(List.of("--device", "gpu:0,gpu:99"));
          assertThat(fails(words.toArray()).err())
              .startsWith(
                  "lamina: device must be one that TensorFlow can use, got gpu:0,gpu:99; here it can use cpu")
              .hasLineCount(1);
        });
  }

  /** What a command says of wrong values of the options for images of any size. */
  static Map<String, Executable> resizeOptions(String command, Supplier<List<?>> more) {
    return Map.of(
        command + " --image-size",
        () -> refuses(command, more, "--image-size must be N or HxW", "--image-size", "0x5"),
        command + " --resize",
        () ->
            refuses(
                command,
                more,
                "resize must be one of [pad, cover, fit, stretch], got shrink",
                "--image-size",
                8,
                "--resize",
                "shrink"),
        command + " --upright",
        () -> refuses(command, more, "--upright must be given with --image-size", "--upright"));
  }

  private static void refuses(
      String command, Supplier<List<?>> more, String message, Object... options) {
    List<Object> words = dataWords(command, more, "--data", data);
    words.addAll(List.of(options));
    assertThat(fails(words.toArray()).err()).contains(message);
  }

  static List<Object> dataWords(String command, Supplier<List<?>> more, Object... options) {
    List<Object> words = new ArrayList<>(Arrays.asList(command.split(" ", -1)));
    words.addAll(more.get());
    words.addAll(List.of(options));
    return words;
  }
}
