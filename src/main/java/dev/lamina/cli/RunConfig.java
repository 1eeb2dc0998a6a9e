package dev.lamina.cli;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
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
import dev.lamina.data.OneLine;
import dev.lamina.export.Safetensors;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Layers;
import dev.lamina.model.Model;
import dev.lamina.model.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
          .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
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
      Precision precision,
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
          .seed(seed);
    }
  }

  /** The network with initial weights. */
  Model build() {
    Model model = builder().build();
    try {
      model.classNames(classNames);
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** The network still without weights. */
  ResNetCifar.Builder builder() {
    return ResNetCifar.builder()
        .name(network.name())
        .width(network.width())
        .classes(classNames.size())
        .imageSize(network.height(), network.imageWidth())
        .inputChannels(network.channels())
        .normalization(Doubles.toArray(network.mean()), Doubles.toArray(network.deviation()))
        .seed(recipe.seed());
  }

  /** The network with the weights of a run. */
  static Model load(Path run) {
    RunConfig config = read(run);
    config.checkFits(run);
    Model model = config.build();
    try {
      model.loadWeights(weights(run));
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Before memory is taken: a network is no larger than its weights, of 2 bytes each at least. */
  private void checkFits(Path run) {
    Network wanted = builder().network();
    double bytes =
        2
            * Layers.leaves(wanted.body(), wanted.inputShape()).stream()
                .flatMap(leaf -> leaf.parameters().stream())
                .mapToDouble(
                    p ->
                        Arrays.stream(p.shape().asArray())
                            .asDoubleStream()
                            .reduce(1, (a, b) -> a * b))
                .sum();
    long held = weights(run).toFile().length();
    if (bytes > held) {
      // Where they are damaged, that is what is said.
      Safetensors.read(weights(run));
      throw new DataException(
          String.format(
              "%s needs weights of at least %.0f bytes, %s has %d; restore the file that is of another run",
              run.resolve(FILE), bytes, weights(run), held));
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
      // Refuses what could not be built.
      config.builder().network().classes();
      return config;
    } catch (IOException | IllegalArgumentException e) {
      throw new DataException(
          file + " is damaged (" + firstLine(e) + "); train again or restore the file", e);
    }
  }

  private static String firstLine(Exception e) {
    return OneLine.of(String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
  }
}
