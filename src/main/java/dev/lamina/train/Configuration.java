package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hashing;
import dev.lamina.augment.AugmentationTypes;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shuffled;
import dev.lamina.format.OptionsJson;
import dev.lamina.layer.LayerTypes;
import dev.lamina.loss.LossTypes;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.OptimizerTypes;
import dev.lamina.registry.Registry;
import dev.lamina.registry.UnregisteredException;
import dev.lamina.schedule.ScheduleTypes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Everything that determines the results of a run, as text by the names of the trainer's options,
 * so that two runs can be compared. Layers and pixels are given by their size and a hash.
 */
final class Configuration {
  private static final String CALLBACKS = "callbacks";
  private static final String OPTIMIZER = "optimizer";

  /** A kind in JSON, or the name of a record in its toString(). */
  private static final Pattern KIND = Pattern.compile("\"kind\":\"([^\"]+)\"|([\\w$.]+)\\[");

  /** The options that may change in the middle of a run. */
  static final Set<String> CHANGEABLE =
      Set.of(
          "epochs",
          "schedule",
          OPTIMIZER,
          "groups",
          "loss",
          "augment",
          "precision",
          "accumulate",
          CALLBACKS);

  /** What the fields that earlier checkpoints lack would say in them. */
  private static final Map<String, String> ADDED =
      Map.of(
          "groups", "[]",
          "sampler", text(SamplerTypes.REGISTRY, Shuffled.create()),
          "imageScales", "[1.0]",
          "accumulate", "1",
          "synchronizedBatchNorms", "false");

  private Configuration() {}

  static Map<String, String> of(
      Trainer trainer, Model model, ImageSet train, @Nullable ImageSet validation) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put(
        "network",
        "%s of %s variables (%s)"
            .formatted(
                model.network().name(), model.variables().size(), hash(network(model.network()))));
    Recipe recipe = trainer.recipe;
    fields.put(OPTIMIZER, text(OptimizerTypes.REGISTRY, recipe.optimizer()));
    fields.put(
        "groups",
        FineTuning.groups(recipe, model.network()).stream()
            .map(group -> OptionsJson.write(OptimizerTypes.write(group)).toString())
            .toList()
            .toString());
    fields.put("schedule", text(ScheduleTypes.REGISTRY, recipe.schedule()));
    fields.put("loss", text(LossTypes.REGISTRY, FineTuning.loss(recipe, train)));
    fields.put("augment", texts(AugmentationTypes.REGISTRY, recipe.augmentations()));
    fields.put("sampler", text(SamplerTypes.REGISTRY, recipe.sampler()));
    fields.put("imageScales", text(recipe.imageScales()));
    fields.put("epochs", text(recipe.epochs()));
    fields.put("batchSize", text(recipe.batchSize()));
    fields.put("accumulate", text(recipe.accumulate()));
    fields.put("dropLast", text(recipe.dropLast()));
    fields.put("precision", text(trainer.precision(model)));
    fields.put("synchronizedBatchNorms", text(recipe.synchronizedBatchNorms()));
    fields.put("freeze", text(recipe.freeze()));
    fields.put(CALLBACKS, texts(CallbackTypes.REGISTRY, recipe.callbacks()));
    fields.put("seed", text(recipe.seed()));
    fields.put("images", images(train));
    fields.put("validation images", validation == null ? "none" : images(validation));
    return fields;
  }

  /**
   * Checks that a run continues with the same configuration.
   *
   * @param allowed the fields that may differ
   * @throws IllegalArgumentException if another field differs; the message names every one
   */
  static void check(Checkpoint checkpoint, Map<String, String> now, Set<String> allowed) {
    Map<String, String> before = checkpoint.configuration();
    Set<String> allowedChanges = new HashSet<>(allowed);
    if (checkpoint.version() == 1) {
      // The text of these fields has changed since version 1, so they cannot be compared.
      allowedChanges.addAll(Set.of("network", OPTIMIZER, "schedule", "loss", "augment"));
    }
    if (!before.containsKey(CALLBACKS)) { // Earlier checkpoints do not say which there were.
      allowedChanges.add(CALLBACKS);
    }
    List<String> differing = new ArrayList<>();
    List<String> allowable = new ArrayList<>();
    now.forEach(
        (field, value) -> {
          String was = before.getOrDefault(field, ADDED.getOrDefault(field, "nothing"));
          if (!was.equals(value) && !allowedChanges.contains(field)) {
            differing.add(
                "%s must be %s as in the checkpoint, got %s".formatted(field, was, value));
            if (CHANGEABLE.contains(field)) {
              allowable.add('"' + field + '"');
            }
          }
        });
    if (allowed.contains(OPTIMIZER) && checkpoint.version() > 1) {
      compareKinds(before.getOrDefault(OPTIMIZER, ""), now.getOrDefault(OPTIMIZER, ""), differing);
    }
    checkArgument(
        differing.isEmpty(),
        "%s; %s",
        String.join(", ", differing),
        differing.size() == allowable.size()
            ? "allow it with allowChanges(" + String.join(", ", allowable) + ")"
            : "resume as the run began, or start another");
  }

  /** Compares the kind of an optimizer whose numbers may differ. */
  private static void compareKinds(String before, String now, List<String> differing) {
    if (!kinds(before).equals(kinds(now))) {
      differing.add(
          "kind of optimizer must be %s as in the checkpoint, got %s"
              .formatted(kinds(before), kinds(now)));
    }
  }

  /** Returns the kinds in the text of an optimizer: its own, then those of the parts inside. */
  private static List<String> kinds(String optimizer) {
    List<String> kinds =
        KIND.matcher(optimizer)
            .results()
            .map(kind -> kind.group(1) == null ? kind.group(2) : kind.group(1))
            .toList();
    return kinds.isEmpty() ? List.of(optimizer) : kinds;
  }

  /**
   * Returns a value by its names in files, so that a class or a field can be renamed, or, if its
   * class or that of a part of it is not registered, by its toString().
   */
  private static <T> String text(Registry<T> registry, T value) {
    try {
      return OptionsJson.write(registry.write(value)).toString();
    } catch (UnregisteredException e) {
      return text(value);
    }
  }

  private static <T> String texts(Registry<T> registry, List<T> values) {
    return values.stream().map(value -> text(registry, value)).toList().toString();
  }

  private static String network(Network network) {
    String layers = OptionsJson.write(LayerTypes.write(network.body())).toString();
    // Of layers that are not registered, only their kind is in there.
    return layers.contains("\"code\":true") ? layers + text(network.body()) : layers;
  }

  /**
   * Returns the value's toString(). Objects without one, such as lambdas, are identified by their
   * class: the default hash differs between processes.
   */
  private static String text(Object value) {
    return value
        .toString()
        .replaceAll("(\\$\\$Lambda)[^\\s,\\]@]*@[0-9a-f]+", "$1")
        .replaceAll("@[0-9a-f]{1,8}\\b", "");
  }

  private static String images(ImageSet set) {
    return "%s of %s x %s x %s in %s classes (%s)"
        .formatted(
            set.size(), set.height(), set.width(), set.channels(), set.classes(), set.hash());
  }

  private static String hash(String text) {
    return Hashing.murmur3_128()
        .hashString(text, StandardCharsets.UTF_8)
        .toString()
        .substring(0, 12);
  }
}
