package dev.lamina.cli;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.format.OptionsJson;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.registry.Options;
import dev.lamina.registry.UnregisteredException;
import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The file {@code config.json} of a run: how the run was configured. The network is stored beside
 * it, with the initial weights of the run.
 *
 * @param data the training images, as given by the user
 * @param stream whether the images stayed on disk
 * @param preprocessing how image files became images of one size; empty if they had one
 * @param validation the images that the model is validated on
 * @param testCurve whether the test images are evaluated after every epoch
 * @param network the name and the options of a network of the zoo, or where its weights are {@code
 *     from} or {@code pretrained}
 * @param recipe the {@link RecipeOptions}
 * @param classNames the names of the classes
 * @param device the device that it was trained on
 * @param environment versions and machine
 */
record RunConfig(
    String data,
    boolean stream,
    Optional<Preprocessing> preprocessing,
    Validation validation,
    boolean testCurve,
    Options network,
    Options recipe,
    List<String> classNames,
    String device,
    Map<String, String> environment) {
  /** The images that a run is validated on. */
  enum Validation {
    /** Nothing. */
    NONE,
    /** A share of the training images, the recipe's {@code validationSplit}. */
    SHARE,
    /** The validation part of the data set. */
    PART,
    /** The test images: only in runs of version 1, which continue to do so. */
    TEST
  }

  /** Increase with every change that an older reader would misunderstand. */
  private static final int VERSION = 2;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final String FILE = "config.json";

  /** The metadata that a fine-tuned model has. */
  static final String FINE_TUNED = "fine_tuned";

  /** The option of the network with the model that training starts from. */
  static final String FROM = "from";

  /** The option of the network with the weights of another program that training starts from. */
  static final String PRETRAINED = "pretrained";

  RunConfig {
    classNames = List.copyOf(classNames);
  }

  /** Returns the name of the network in output. */
  String describeNetwork() {
    for (String start : List.of(FROM, PRETRAINED)) {
      if (network.has(start)) {
        return network.getString(start);
      }
    }
    return network.getString("name")
        + (network.has("width") ? " of width " + network.getInt("width") : "");
  }

  /** Returns the metadata of weights and exports, by the names of {@code config.json}. */
  Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>(environment);
    metadata.put("device", device);
    metadata.put("data", data);
    metadata.put("network", describeNetwork());
    if (network.has(FROM) || network.has(PRETRAINED)) {
      metadata.put(FINE_TUNED, "true");
    }
    OptionsJson.write(recipe)
        .properties()
        .forEach(field -> metadata.put(field.getKey(), text(field.getValue())));
    return metadata;
  }

  /**
   * Returns what was chosen for the run, by the dotted keys of a configuration file: {@code
   * recipe.schedule.peak}. Of the network that is {@link #describeNetwork} and its further options.
   */
  Map<String, String> choices() {
    Map<String, String> choices = new LinkedHashMap<>();
    choices.put("network", describeNetwork());
    Options chosen = options().with("network", NetworkOption.more(network));
    flatten("", OptionsJson.write(chosen), choices);
    return choices;
  }

  private static void flatten(String prefix, JsonNode options, Map<String, String> values) {
    options
        .properties()
        .forEach(
            option -> {
              String key = prefix + option.getKey();
              if (option.getValue().isObject()) {
                flatten(key + ".", option.getValue(), values);
              } else {
                values.put(key, text(option.getValue()));
              }
            });
  }

  private static String text(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }

  /** Returns whether a folder is that of a run. */
  static boolean isRun(Path folder) {
    return Files.isRegularFile(folder.resolve(FILE));
  }

  /** Returns the file of the network and its initial weights. */
  static Path initial(Path run) {
    return run.resolve("initial.safetensors");
  }

  /** Returns whether weights are those that a complete run was tested with, by their metadata. */
  static boolean isComplete(Map<String, String> weights) {
    return weights.containsKey("test_accuracy");
  }

  static Path weights(Path run) {
    return run.resolve("weights.safetensors");
  }

  static Path history(Path run) {
    return run.resolve("history.csv");
  }

  /** Returns the file of events, with some steps, that the report has curves of. */
  static Path log(Path run) {
    return run.resolve("log.jsonl");
  }

  /** Returns the folder of the export's versions. */
  static Path export(Path run) {
    return run.resolve("export");
  }

  /** Returns the folder of the event files, if the run writes them. */
  static Path tensorboard(Path run) {
    return run.resolve("tensorboard");
  }

  static Path plots(Path run) {
    return run.resolve("plots");
  }

  void write(Path run) {
    Options versions = Options.none();
    for (Map.Entry<String, String> entry : environment.entrySet()) {
      versions = versions.with(entry.getKey(), entry.getValue());
    }
    Options options =
        Options.none()
            .with("version", VERSION)
            .merge(options())
            .with("classNames", classNames)
            .with("environment", versions);
    AtomicFiles.writeString(run.resolve(FILE), OptionsJson.write(options).toPrettyString() + "\n");
  }

  /** Returns what was chosen, without what a run says of itself. */
  private Options options() {
    Options options =
        Options.none()
            .with("data", data)
            .with("stream", stream)
            .with("validation", validation)
            .with("testCurve", testCurve)
            .with("network", network)
            .with("recipe", recipe)
            .with("device", device);
    return preprocessing.isPresent()
        ? options.with("preprocessing", options(preprocessing.get()))
        : options;
  }

  static RunConfig read(Path run) {
    Path file = run.resolve(FILE);
    if (!isRun(run)) {
      throw new LaminaException(
          run
              + " is not a run: it has no "
              + FILE
              + "; name the folder that 'lamina train' printed");
    }
    try {
      Options options = OptionsJson.read(JSON.readTree(file.toFile())).owner(FILE).written();
      int version = options.getInt("version", 1);
      return version == 1 ? RunConfig1.read(options) : read(file, options);
    } catch (IOException | IllegalArgumentException e) {
      throw damaged(file, e);
    }
  }

  /** Reads and checks everything but the recipe, which evaluation does not need. */
  private static RunConfig read(Path file, Options options) {
    checkVersion(file.toString(), options);
    RunConfig config =
        new RunConfig(
            options.getString("data"),
            options.getBoolean("stream"),
            options.has("preprocessing")
                ? Optional.of(preprocessing(options.getOptions("preprocessing")))
                : Optional.empty(),
            options.getEnum("validation", Validation.class),
            options.getBoolean("testCurve"),
            options.getOptions("network").at(""),
            options.getOptions("recipe").at(""),
            options.getStrings("classNames"),
            options.getString("device"),
            environment(options));
    options.checkNoOthers();
    config.describeNetwork();
    return config;
  }

  /** Checks that a configuration of a run is not of a later version than this class reads. */
  static void checkVersion(String file, Options options) {
    int version = options.getInt("version");
    if (version > VERSION) {
      throw new LaminaException(
          "%s is of version %s, this Lamina reads up to %s; use the Lamina that wrote it (version %s)"
              .formatted(
                  file,
                  version,
                  VERSION,
                  Messages.singleLine(environment(options).getOrDefault("lamina", "unknown"))));
    }
  }

  private static Options options(Preprocessing preprocessing) {
    return Options.none()
        .with("resize", preprocessing.resize().mode())
        .with("height", preprocessing.resize().height())
        .with("width", preprocessing.resize().width())
        .with("crop", preprocessing.resize().crop())
        .with("filter", preprocessing.resize().filter())
        .with("upright", preprocessing.upright());
  }

  /** Reads how image files become images of one size; all but the height may be missing. */
  static Preprocessing preprocessing(Options options) {
    int height = options.getInt("height");
    Resize cover = Resize.cover(height, options.getInt("width", height));
    Resize resize =
        new Resize(
            options.getEnum("resize", cover.mode()),
            cover.height(),
            cover.width(),
            options.getDouble("crop", cover.crop()),
            options.getEnum("filter", cover.filter()));
    Preprocessing preprocessing =
        Preprocessing.of(resize).upright(options.getBoolean("upright", false));
    options.checkNoOthers();
    return preprocessing;
  }

  static Map<String, String> environment(Options options) {
    Options versions = options.getOptions("environment");
    Map<String, String> environment = new LinkedHashMap<>();
    versions.values().keySet().forEach(name -> environment.put(name, versions.getString(name)));
    return environment;
  }

  /**
   * Returns the recipe of a run.
   *
   * @throws LaminaException if it contains a class that is not registered, or an option is invalid
   */
  Recipe readRecipe(Path run) {
    Path file = run.resolve(FILE);
    try {
      return RecipeOptions.read(recipe);
    } catch (UnregisteredException e) {
      throw new LaminaException(file + " cannot be resumed: " + Messages.reason(e), e);
    } catch (IllegalArgumentException e) {
      throw damaged(file, e);
    }
  }

  private static LaminaException damaged(Path file, Exception e) {
    String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    return new LaminaException(
        "%s is damaged (%s); train again or restore the file"
            .formatted(file, Messages.singleLine(line)),
        e);
  }
}
