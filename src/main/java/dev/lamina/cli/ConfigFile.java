package dev.lamina.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import com.google.common.base.Ascii;
import dev.lamina.cli.RunConfig.Validation;
import dev.lamina.data.Preprocessing;
import dev.lamina.format.OptionsJson;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file that configures {@code train}, in YAML or JSON: the keys of a run's {@code config.json},
 * all of them optional, and in {@code recipe} and {@code network} their {@code name}.
 *
 * @param file the file, for messages; empty if there is none
 * @param data the training images
 * @param stream whether the images stay on disk
 * @param preprocessing how image files become images of one size
 * @param validation what the model is validated on
 * @param testCurve whether the test images are evaluated after every epoch
 * @param network the options of the network
 * @param recipe what differs from the named recipe, or from the default
 */
record ConfigFile(
    String file,
    Optional<String> data,
    boolean stream,
    Optional<Preprocessing> preprocessing,
    Optional<Validation> validation,
    boolean testCurve,
    Options network,
    Options recipe) {
  /** What the configuration of a run says of itself, which another start of it finds out anew. */
  private static final List<String> METADATA = List.of("classNames", "device", "environment");

  private static final String NAME = "name";

  static ConfigFile none() {
    return read("", Options.none());
  }

  /**
   * Reads a file.
   *
   * @throws LaminaException if it cannot be read, or a key or a value is not known
   */
  static ConfigFile read(Path file) {
    return read(file.toString(), named(options(file)));
  }

  /** Reads YAML, or JSON if the name ends with {@code .json}. */
  static Options options(Path file) {
    try {
      ObjectMapper mapper = mapper(file);
      refuseWhatTreesLose(file, mapper);
      return OptionsJson.read(mapper.readTree(file.toFile())).owner(file.toString());
    } catch (IOException | IllegalArgumentException e) {
      String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      String place =
          e instanceof JsonProcessingException parsing && parsing.getLocation() != null
              ? " in line %s, column %s"
                  .formatted(parsing.getLocation().getLineNr(), parsing.getLocation().getColumnNr())
              : "";
      throw new LaminaException(
          "%s could not be read (%s%s); it must be YAML, or JSON if its name ends with .json"
              .formatted(file, Messages.singleLine(line), place),
          e);
    }
  }

  /** A tree would have the name of an alias for its value, and nothing of a second document. */
  private static void refuseWhatTreesLose(Path file, ObjectMapper mapper) throws IOException {
    try (JsonParser tokens = mapper.createParser(file.toFile())) {
      boolean ended = false;
      while (tokens.nextToken() != null) {
        if (ended) {
          throw new LaminaException(
              "%s must be one document, got another in line %s; remove it"
                  .formatted(file, tokens.currentTokenLocation().getLineNr()));
        }
        ended = tokens.getParsingContext().inRoot();
        if (tokens instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
          throw new LaminaException(
              "%s must not have aliases, got *%s in line %s; write out its value"
                  .formatted(file, yaml.getText(), yaml.currentTokenLocation().getLineNr()));
        }
      }
    }
  }

  private static ObjectMapper mapper(Path file) {
    if (Ascii.toLowerCase(file.toString()).endsWith(".json")) {
      return JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    }
    return YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  }

  /**
   * Returns what options say.
   *
   * @param file what they are of, for messages
   * @param given the options, which a run wrote if they have a version
   */
  static ConfigFile read(String file, Options given) {
    Options options = given.values().containsKey("version") ? given.written() : given;
    try {
      ConfigFile config =
          new ConfigFile(
              file,
              options.has("data") ? Optional.of(options.getString("data")) : Optional.empty(),
              options.getBoolean("stream", false),
              options.has("preprocessing")
                  ? Optional.of(RunConfig.preprocessing(options.getOptions("preprocessing")))
                  : Optional.empty(),
              options.has("validation")
                  ? Optional.of(options.getEnum("validation", Validation.class))
                  : Optional.empty(),
              options.getBoolean("testCurve", false),
              section(options, "network"),
              section(options, "recipe"));
      if (options.has("version")) {
        RunConfig.checkVersion(file, options);
        METADATA.forEach(options::has);
      }
      options.checkNoOthers();
      config.checkNetwork();
      return config;
    } catch (IllegalArgumentException e) {
      throw new LaminaException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Returns options in which a network or a recipe that is only a name is an object with it. */
  static Options named(Options options) {
    Options named = options;
    for (String key : List.of("network", "recipe")) {
      if (options.values().get(key) instanceof String name) {
        named = named.with(key, Options.none().with(NAME, name));
      }
    }
    return named;
  }

  /** A model to start from has a network: what is said of another would be ignored. */
  private void checkNetwork() {
    if (network.values().containsKey(RunConfig.FROM)) {
      for (String key : network.values().keySet()) {
        if (!key.equals(RunConfig.FROM)) {
          throw redundant(key, RunConfig.FROM);
        }
      }
    }
  }

  /**
   * Checks that no network is named beside a model of a hub.
   *
   * @throws LaminaException if one is
   */
  void checkNoName() {
    if (network.values().containsKey(NAME)) {
      throw redundant(NAME, RunConfig.PRETRAINED);
    }
  }

  private LaminaException redundant(String key, String with) {
    return new LaminaException(
        "network.%s of %s must not be given with network.%s, which has a network already; remove it"
            .formatted(key, file, with));
  }

  private static Options section(Options options, String key) {
    return options.has(key) ? options.getOptions(key).at("") : Options.none();
  }

  boolean has(String recipeOption) {
    return recipe.values().containsKey(recipeOption);
  }

  /** Returns the name of the recipe; null if the file does not give one. */
  @Nullable String recipeName() {
    return recipe.has(NAME) ? recipe.getString(NAME) : null;
  }

  /**
   * Returns what this file says that the model is validated on.
   *
   * @param part whether the images have a validation part
   * @throws LaminaException if the images do not fit
   */
  Validation validation(boolean part) {
    Validation given = validation.orElseThrow();
    Validation possible = part ? Validation.PART : Validation.SHARE;
    if (given != Validation.NONE && given != possible) {
      throw new LaminaException(
          "validation of %s must be %s or NONE for images %s a validation part, got %s"
              .formatted(file, possible, part ? "with" : "without", given));
    }
    return given;
  }

  /** Returns the share of the training images for validation; null if that is not given. */
  @Nullable Double validationShare() {
    if (validation.filter(Validation.NONE::equals).isPresent()) {
      return 0.0;
    }
    // The configuration of a run always has it, 0 if the images have a validation part.
    return has("validationSplit")
            && (validation.isEmpty() || recipe.getDouble("validationSplit") > 0)
        ? (Double) recipe.getDouble("validationSplit")
        : null;
  }

  /** Returns a recipe with the values of this file. */
  Recipe change(Recipe base) {
    Options changes = Options.none();
    for (var change : recipe.values().entrySet()) {
      if (!change.getKey().equals(NAME)) {
        changes = changes.with(change.getKey(), change.getValue());
      }
    }
    try {
      return RecipeOptions.change(base, changes);
    } catch (IllegalArgumentException e) {
      throw new LaminaException(file + ": " + e.getMessage(), e);
    }
  }
}
