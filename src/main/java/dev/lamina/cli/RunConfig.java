package dev.lamina.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.primitives.Doubles;
import dev.lamina.augment.Augmentation;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.AtomicFiles;
import dev.lamina.data.DataException;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code config.json} of a run: enough to build its model again and to repeat the run.
 *
 * @param data what was trained on, as it was given
 * @param network the network
 * @param recipe the recipe
 * @param classNames the names of the classes
 * @param environment versions and machine
 */
record RunConfig(
    String data,
    NetworkConfig network,
    Recipe recipe,
    List<String> classNames,
    Map<String, String> environment) {

  /** Refuses what lacks a field, so that nothing is guessed. */
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private static final String FILE = "config.json";
  private static final String WEIGHTS = "weights.safetensors";

  record NetworkConfig(
      String name,
      int width,
      int height,
      int imageWidth,
      int channels,
      List<Double> mean,
      List<Double> deviation) {}

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
          .seed(seed);
    }
  }

  /** The network with initial weights. */
  Model build() {
    Model model =
        ResNetCifar.builder()
            .name(network.name())
            .width(network.width())
            .classes(classNames.size())
            .imageSize(network.height(), network.imageWidth())
            .inputChannels(network.channels())
            .normalization(Doubles.toArray(network.mean()), Doubles.toArray(network.deviation()))
            .seed(recipe.seed())
            .build();
    try {
      model.classNames(classNames);
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** The network with the weights of a run. */
  static Model load(Path run) {
    Model model = read(run).build();
    try {
      model.loadWeights(weights(run));
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  static Path weights(Path run) {
    return run.resolve(WEIGHTS);
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
    if (!Files.isRegularFile(file)) {
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
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
