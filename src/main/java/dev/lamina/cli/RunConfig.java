package dev.lamina.cli;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lamina.augment.Augmentation;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.AtomicFiles;
import dev.lamina.data.DataException;
import dev.lamina.data.OneLine;
import dev.lamina.graph.Precision;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code config.json} of a run: how it was made. The network lies beside it, with the
 * weights that the run began with.
 *
 * @param data what was trained on, as it was given
 * @param stream whether the images stayed on disk
 * @param network what was trained: a network of the zoo, or where it was loaded from
 * @param recipe the recipe
 * @param classNames the names of the classes
 * @param environment versions and machine
 */
record RunConfig(
    String data,
    boolean stream,
    String network,
    Recipe recipe,
    List<String> classNames,
    Map<String, String> environment) {

  /** Refuses what lacks a field, so that nothing is guessed. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
          .build();

  private static final String FILE = "config.json";

  record Recipe(
      int epochs,
      int batchSize,
      double peak,
      boolean cycleMomentum,
      double momentum,
      boolean nesterov,
      double weightDecay,
      double labelSmoothing,
      boolean augment,
      Precision precision,
      List<String> freeze,
      long seed) {

    /** With another number of epochs and another peak, where they are given. */
    Recipe with(@Nullable Integer otherEpochs, @Nullable Double otherPeak) {
      return new Recipe(
          otherEpochs == null ? epochs : otherEpochs,
          batchSize,
          otherPeak == null ? peak : otherPeak,
          cycleMomentum,
          momentum,
          nesterov,
          weightDecay,
          labelSmoothing,
          augment,
          precision,
          freeze,
          seed);
    }

    Schedule schedule() {
      return OneCycle.of(peak).cycleMomentum(cycleMomentum);
    }

    List<Augmentation> augmentations() {
      return augment ? List.of(RandomCrop.reflect(4), RandomFlip.horizontal()) : List.of();
    }

    /** The trainer, still without callbacks. */
    Trainer.Builder trainer() {
      MomentumOptimizer optimizer = MomentumOptimizer.of(momentum).weightDecay(weightDecay);
      return Trainer.builder()
          .optimizer(nesterov ? optimizer.withNesterov() : optimizer)
          .schedule(schedule())
          .labelSmoothing(labelSmoothing)
          .augment(augmentations().toArray(Augmentation[]::new))
          .epochs(epochs)
          .batchSize(batchSize)
          .precision(precision)
          .freeze(freeze.toArray(String[]::new))
          .seed(seed);
    }
  }

  /** The model of a run, with the weights that were written last. */
  static Model load(Path run) {
    read(run);
    return Model.load(weights(run));
  }

  /** What weights and exports carry of their training, by the names of {@code config.json}. */
  Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>(environment);
    facts.put("data", data);
    facts.put("network", network);
    JSON.valueToTree(recipe)
        .properties()
        .forEach(field -> facts.put(field.getKey(), text(field.getValue())));
    return facts;
  }

  /** The facts of weights that were evaluated after an epoch. */
  Map<String, String> facts(int epoch, double testAccuracy) {
    Map<String, String> facts = facts();
    facts.put("epoch", Integer.toString(epoch));
    facts.put("test_accuracy", String.format(Locale.ROOT, "%.4f", testAccuracy));
    return facts;
  }

  private static String text(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }

  /** Whether a folder is one of a run. */
  static boolean isRun(Path folder) {
    return Files.isRegularFile(folder.resolve(FILE));
  }

  /** The network, and the weights that the run began with. */
  static Path initial(Path run) {
    return run.resolve("initial.safetensors");
  }

  static Path weights(Path run) {
    return run.resolve("weights.safetensors");
  }

  static Path history(Path run) {
    return run.resolve("history.csv");
  }

  static Path plots(Path run) {
    return run.resolve("plots");
  }

  void write(Path run) {
    try {
      AtomicFiles.writeString(
          run.resolve(FILE), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static RunConfig read(Path run) {
    Path file = run.resolve(FILE);
    if (!isRun(run)) {
      throw new DataException(
          run + " is no run: it has no " + FILE + "; name the folder that 'lamina train' printed");
    }
    try {
      RunConfig config = JSON.readValue(file.toFile(), RunConfig.class);
      if (config == null) {
        throw new DataException(file + " is damaged (null); train again or restore the file");
      }
      return config;
    } catch (IOException e) {
      throw new DataException(
          file + " is damaged (" + firstLine(e) + "); train again or restore the file", e);
    }
  }

  private static String firstLine(Exception e) {
    return OneLine.of(String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
  }
}
