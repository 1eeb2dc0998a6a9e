package dev.lamina.spark;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.io.LaminaException;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A training with several workers, as a value.
 *
 * <pre>{@code
 * TrainingJob.of("/shared/photos", "/shared/runs/photos", 4)
 *     .network(Options.none().with("name", "resnet-cifar").with("width", 16))
 *     .recipe(Recipe.create().epochs(30).batchSize(256))
 * }</pre>
 *
 * @param run the run's folder, which all executors see under this path; it gets what {@code lamina
 *     train} writes
 * @param workers the number of workers; each takes its share of every batch
 * @param configuration what is trained, by the keys of {@code lamina train --config}; what is not
 *     given has the command's default
 * @param maxRestarts how often a failed stage is submitted again; 3 unless set
 * @param timeout how long executors are waited for, and workers wait for each other at the start
 *     and in every step; 5 minutes unless set
 */
public record TrainingJob(
    String run, int workers, Options configuration, int maxRestarts, Duration timeout) {
  /** Checks the ranges of the numbers, and the path. */
  public TrainingJob {
    checkArgument(
        Path.of(run).isAbsolute(),
        "run must be an absolute path that all executors see, got %s",
        run);
    checkArgument(workers > 0, "workers must be positive, got %s", workers);
    checkArgument(maxRestarts >= 0, "maxRestarts must not be negative, got %s", maxRestarts);
    checkArgument(timeout.toSeconds() > 0, "timeout must be at least a second, got %s", timeout);
  }

  /**
   * Returns a training with the defaults of {@code lamina train}.
   *
   * @param data a folder of images that all executors see under this absolute path, or the name of
   *     a data set, as {@code --data} takes it
   */
  public static TrainingJob of(String data, String run, int workers) {
    Options configuration = Options.none().with("data", data);
    return new TrainingJob(run, workers, configuration, 3, Duration.ofMinutes(5));
  }

  /**
   * Returns this training with another recipe, all of whose values are taken. A {@code
   * validationSplit} of 0 leaves the choice to {@code lamina train}, which sets 0.1 of a folder
   * without a validation part aside; {@code with("validation", "NONE")} sets nothing aside.
   *
   * @throws LaminaException if it has a class that is not registered, such as a lambda
   */
  public TrainingJob recipe(Recipe recipe) {
    List<String> unregistered = RecipeOptions.unregistered(recipe);
    if (!unregistered.isEmpty()) {
      throw new LaminaException(
          "recipe must have registered classes only, which can be sent to executors, got "
              + unregistered);
    }
    Options options = Options.none();
    for (var option : RecipeOptions.write(recipe).values().entrySet()) {
      if (recipe.validationSplit() > 0 || !option.getKey().equals("validationSplit")) {
        options = options.with(option.getKey(), option.getValue());
      }
    }
    return with("recipe", options);
  }

  /** Returns this training with another network of the zoo: its name and options. */
  public TrainingJob network(Options network) {
    return with("network", network);
  }

  /**
   * Returns this training with another value of its configuration.
   *
   * @param key a key at the top of a configuration file, such as {@code validation} or {@code
   *     preprocessing}
   */
  public TrainingJob with(String key, Object value) {
    return new TrainingJob(run, workers, configuration.with(key, value), maxRestarts, timeout);
  }

  /** Returns this training with another number of restarts. */
  public TrainingJob maxRestarts(int maxRestarts) {
    return new TrainingJob(run, workers, configuration, maxRestarts, timeout);
  }

  /** Returns this training with another time that executors and workers are waited for. */
  public TrainingJob timeout(Duration timeout) {
    return new TrainingJob(run, workers, configuration, maxRestarts, timeout);
  }
}
