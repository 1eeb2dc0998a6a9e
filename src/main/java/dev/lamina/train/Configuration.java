package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.lamina.data.ImageSet;
import dev.lamina.model.Model;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What decides the course of a run, as text by the names of the trainer's options, so that two runs
 * can be compared. What is large (layers, pixels) is given by its size and a hash.
 */
final class Configuration {
  /** What may be changed in the middle of a run without making its place in it meaningless. */
  static final Set<String> CHANGEABLE =
      Set.of("epochs", "schedule", "optimizer", "labelSmoothing", "augment", "precision");

  private Configuration() {}

  static Map<String, String> of(
      Trainer trainer, Model model, ImageSet train, @Nullable ImageSet validation) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put(
        "network",
        "%s of %s variables (%s)"
            .formatted(
                model.network().name(),
                model.variables().size(),
                hash(text(model.network()).getBytes(StandardCharsets.UTF_8))));
    fields.put("optimizer", text(trainer.optimizer));
    fields.put("schedule", text(trainer.schedule));
    fields.put("labelSmoothing", text(trainer.loss.labelSmoothing()));
    fields.put("augment", text(trainer.augmentations));
    fields.put("epochs", text(trainer.epochs));
    fields.put("batchSize", text(trainer.batchSize));
    fields.put("dropLast", text(trainer.dropLast));
    fields.put("precision", text(trainer.precision));
    fields.put("freeze", text(trainer.freezing.layers()));
    fields.put("seed", text(trainer.seed));
    fields.put("images", images(train));
    fields.put("validation images", validation == null ? "none" : images(validation));
    return fields;
  }

  /**
   * Checks that a run goes on as it began.
   *
   * @param mayDiffer fields that are not looked at
   * @throws IllegalArgumentException where another field differs; the message names all that do
   */
  static void check(Map<String, String> before, Map<String, String> now, Set<String> mayDiffer) {
    List<String> differing = new ArrayList<>();
    List<String> allowable = new ArrayList<>();
    now.forEach(
        (field, value) -> {
          String was = before.getOrDefault(field, "nothing");
          if (!was.equals(value) && !mayDiffer.contains(field)) {
            differing.add(
                "%s must be %s as in the checkpoint, got %s".formatted(field, was, value));
            if (CHANGEABLE.contains(field)) {
              allowable.add('"' + field + '"');
            }
          }
        });
    checkArgument(
        differing.isEmpty(),
        "%s; %s",
        String.join(", ", differing),
        differing.size() == allowable.size()
            ? "allow it by mayDiffer(" + String.join(", ", allowable) + ")"
            : "resume as the run began, or start another");
  }

  /**
   * What a value says of itself. An object that says nothing, such as a lambda, is known by its
   * class; the address that Java gives it differs in every process.
   */
  private static String text(Object value) {
    return value
        .toString()
        .replaceAll("(\\$\\$Lambda)[^\\s,\\]@]*@[0-9a-f]+", "$1")
        .replaceAll("@[0-9a-f]{1,8}\\b", "");
  }

  private static String images(ImageSet set) {
    Hasher hasher = Hashing.murmur3_128().newHasher();
    for (int image = 0; image < set.size(); image++) {
      hasher.putBytes(set.pixels(image, image + 1));
    }
    for (int label : set.labels()) {
      hasher.putInt(label);
    }
    return "%s of %s x %s x %s in %s classes (%s)"
        .formatted(
            set.size(),
            set.height(),
            set.width(),
            set.channels(),
            set.classes(),
            hash(
                hasher.hash().asBytes(),
                set.classNames().toString().getBytes(StandardCharsets.UTF_8)));
  }

  private static String hash(byte[]... pieces) {
    Hasher hasher = Hashing.murmur3_128().newHasher();
    for (byte[] piece : pieces) {
      hasher.putBytes(piece);
    }
    return hasher.hash().toString().substring(0, 12);
  }
}
