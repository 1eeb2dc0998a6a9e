package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Doubles;
import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Sampler;
import dev.lamina.distributed.Cluster;
import dev.lamina.graph.Precision;
import dev.lamina.loss.Loss;
import dev.lamina.metric.Accuracy;
import dev.lamina.metric.Metric;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.schedule.Schedule;
import dev.lamina.step.AfterUpdate;
import dev.lamina.step.DivergenceException;
import dev.lamina.step.Exchange;
import dev.lamina.step.FrozenLayers;
import dev.lamina.step.ScaledImages;
import dev.lamina.step.StepOptions;
import dev.lamina.step.TrainStep;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a model on a set of images. A trainer is a {@link Recipe} with metrics and callbacks: it
 * is independent of a model and can be reused; the same recipe on the same model and images takes
 * the same steps.
 *
 * <pre>{@code
 * History history = Trainer.builder()
 *     .schedule(OneCycle.of(0.01))
 *     .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
 *     .epochs(30)
 *     .callbacks(ProgressBar.console(), EarlyStopping.patience(5))
 *     .build()
 *     .fit(model, data.train(), data.validation());
 * }</pre>
 */
public final class Trainer {
  private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

  final Recipe recipe;
  final List<Callback> callbacks;
  final List<Metric> metrics;
  final Set<String> allowChanges;
  final FrozenLayers frozen;

  /** Whether the optimizer was set beside the recipe. */
  final boolean optimizerGiven;

  private Trainer(Builder builder) {
    checkArgument(
        Configuration.CHANGEABLE.containsAll(builder.allowChanges),
        "allowChanges must name some of %s, got %s",
        new TreeSet<>(Configuration.CHANGEABLE),
        builder.allowChanges);
    recipe = builder.recipe;
    recipe.check();
    callbacks = Stream.concat(recipe.callbacks().stream(), builder.callbacks.stream()).toList();
    Callbacks.checkNames(callbacks);
    Callbacks.checkAverages(callbacks);
    metrics = builder.metrics;
    allowChanges = builder.allowChanges;
    frozen = new FrozenLayers(recipe.freeze(), builder.betweenFrozen);
    optimizerGiven = builder.optimizerGiven;
  }

  /** Returns a builder that starts from {@link Recipe#create()}. */
  public static Builder builder() {
    return builder(Recipe.create());
  }

  /** Returns a builder that starts from a recipe. */
  public static Builder builder(Recipe recipe) {
    return new Builder(recipe);
  }

  /** Returns the recipe. */
  public Recipe recipe() {
    return recipe;
  }

  /**
   * Trains without validation or, with a {@link Builder#validationSplit}, sets that share of the
   * images aside for validation.
   *
   * @throws IllegalArgumentException if the images do not fit the model, or a callback needs
   *     validation images and there are none
   * @throws DivergenceException if the loss or a gradient is not finite; the model then has its
   *     last good weights
   * @throws CallbackException if a callback throws
   */
  public History fit(Model model, ImageSet train) {
    return new Fit(this, Optional.empty()).run(model, train);
  }

  /**
   * Trains, and evaluates on the validation images after every epoch.
   *
   * @throws IllegalArgumentException if the images do not fit the model, or a validation split is
   *     set too
   * @throws DivergenceException if the loss or a gradient is not finite; the model then has its
   *     last good weights
   * @throws CallbackException if a callback throws
   */
  public History fit(Model model, ImageSet train, ImageSet validation) {
    checkNoSplit();
    return new Fit(this, Optional.empty()).run(model, train, validation);
  }

  /**
   * Checks that this recipe can train a model on images.
   *
   * @throws IllegalArgumentException if the images do not fit the model, or a layer that is to be
   *     frozen, or is in a group of parameters, does not exist, or a callback watches a metric that
   *     does not, or is a {@link BestModel} of the worst, or the run or its {@code freezeEpochs}
   *     are too short for the schedule, or {@link Swa} has nothing to average or is used by several
   *     workers
   * @throws dev.lamina.io.LaminaException if a step certainly does not fit into memory
   */
  public void check(Model model, ImageSet images) {
    check(model, images, Collections.max(recipe.imageScales()));
    for (Callback callback : callbacks) {
      if (callback instanceof Swa swa) {
        swa.check(recipe.epochs());
      }
    }
    checkSchedule("epochs", recipe.epochs(), images);
    if (recipe.freezeEpochs() > 0) {
      checkSchedule("freezeEpochs", recipe.freezeEpochs(), images);
    }
  }

  /** Checks that the schedule has a learning rate for a run of so many epochs. */
  private void checkSchedule(String option, int epochs, ImageSet images) {
    long steps = (long) epochs * order(images).stepsPerEpoch();
    try {
      recipe.schedule().learningRate(0, steps);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "%s must be enough for the schedule, got %s: %s"
              .formatted(option, epochs, e.getMessage()),
          e);
    }
  }

  private void check(Model model, ImageSet images, double largestScale) {
    model.checkFits(images);
    frozen.check(model);
    recipe.groups().forEach(group -> group.check(model.variables()));
    if (recipe.freezeEpochs() > 0) {
      FineTuning.body(model.network());
    }
    FineTuning.groups(recipe, model.network());
    FineTuning.loss(recipe, images);
    recipe.imageScales().forEach(scale -> ScaledImages.network(model.network(), scale));
    Callbacks.checkMetrics(callbacks, metrics);
    // Of frozen layers nothing is kept for a backward pass, which the estimate does not know.
    if (recipe.freeze().isEmpty()) {
      MemoryEstimate.check(
          ScaledImages.network(model.network(), largestScale),
          recipe,
          imagesAtOnce(model, images),
          model.device(),
          precision(model));
    }
  }

  /**
   * Returns an estimate of the memory that a training step takes, in bytes; of several devices or
   * workers, that of one.
   */
  public long memory(Model model, ImageSet images) {
    return MemoryEstimate.of(largest(model), precision(model)).bytes(imagesAtOnce(model, images));
  }

  /** Returns the network for the largest images that it is trained on. */
  private Network largest(Model model) {
    return ScaledImages.network(model.network(), Collections.max(recipe.imageScales()));
  }

  /** Returns how many images of a batch this worker, or each of its devices, computes at once. */
  private int imagesAtOnce(Model model, ImageSet images) {
    int workers = model.session().cluster().map(Cluster::size).orElse(model.device().count());
    int share = (Math.min(recipe.batchSize(), images.size()) - 1) / workers + 1;
    return (share - 1) / recipe.accumulate() + 1;
  }

  /** Returns what to throw when a step ran out of memory. */
  OutOfMemoryException outOfMemory(Model model, ImageSet images, Throwable cause) {
    return MemoryEstimate.of(largest(model), precision(model))
        .exhausted(
            largest(model),
            recipe.batchSize(Math.min(recipe.batchSize(), images.size())),
            imagesAtOnce(model, images),
            model.device(),
            cause);
  }

  /**
   * Returns a training step with this recipe, for a custom loop, on images of their full size.
   * Close it. The model gets the class names and the preprocessing of the images.
   *
   * @throws IllegalArgumentException as {@link #check} does
   */
  public TrainStep step(Model model, ImageSet images) {
    TrainStep step = step(model, images, 1, List.of());
    describe(model, images);
    return step;
  }

  /** Lets a model know which images it is trained on. */
  static void describe(Model model, ImageSet images) {
    List<String> before = model.classNames();
    List<String> now = images.classNames();
    if (!now.equals(before) && Set.copyOf(now).equals(Set.copyOf(before))) {
      LOG.warn(
          "the images have the classes {} in another order, got {}: what was learnt of one is taken for another;"
              + " Model.load(path, images.classNames()) starts with a new classifier",
          before,
          now);
    }
    model.classNames(now);
    model.preprocessing(images.preprocessing());
  }

  /** Returns the step for a scale of the images, with what callbacks add to it. */
  TrainStep step(Model model, ImageSet images, double imageScale, List<AfterUpdate> afterUpdate) {
    check(model, images, imageScale);
    List<Metric> reported = new ArrayList<>(List.of(Accuracy.create()));
    reported.addAll(metrics);
    return new TrainStep(
        model,
        images,
        new StepOptions(
            recipe.augmentations(),
            imageScale,
            FineTuning.loss(recipe, images),
            reported,
            recipe.optimizer(),
            FineTuning.groups(recipe, model.network()),
            precision(model),
            recipe.synchronizedBatchNorms(),
            frozen,
            recipe.accumulate(),
            recipe.seed(),
            order(images).stepsPerEpoch(),
            Math.min(recipe.batchSize(), images.size()),
            model.session().cluster().map(Exchange::among).orElse(Exchange.none()),
            afterUpdate));
  }

  /** Returns the order of the images. */
  BatchOrder order(ImageSet images) {
    return new BatchOrder(
        images, recipe.sampler(), recipe.batchSize(), recipe.dropLast(), recipe.seed());
  }

  /** Returns the precision of the recipe, or that of the model's device. */
  Precision precision(Model model) {
    return recipe.precision().orElseGet(() -> model.device().precision());
  }

  /**
   * Continues a run that wrote {@link Checkpoints}, from its newest intact checkpoint, on the
   * images that it was started with; starts it if it has none yet. It ends, bit for bit, where it
   * would have ended without the interruption (see docs/reproducibility.md).
   *
   * @param run the folder that was given to {@link Checkpoints#in}
   * @param model a model of the same network; its weights are replaced
   * @throws IllegalArgumentException if this recipe, the network or the images differ from the
   *     checkpoint's in anything but {@link Builder#callbacks} and {@link Builder#allowChanges}
   * @throws dev.lamina.io.LaminaException if there are checkpoints and none can be read
   */
  public History resume(Path run, Model model, ImageSet train, ImageSet validation) {
    checkNoSplit();
    return new Fit(this, Optional.of(run)).run(model, train, validation);
  }

  /**
   * Continues a run as {@link #resume(Path, Model, ImageSet, ImageSet)} does, as {@link #fit(Model,
   * ImageSet)} started it.
   */
  public History resume(Path run, Model model, ImageSet train) {
    return new Fit(this, Optional.of(run)).run(model, train);
  }

  private void checkNoSplit() {
    checkArgument(
        recipe.validationSplit() == 0,
        "validationSplit must be 0 if validation images are given, got %s",
        recipe.validationSplit());
  }

  /** A mutable builder: a {@link Recipe}, metrics and callbacks. */
  public static final class Builder {
    private Recipe recipe;
    private boolean optimizerGiven;
    private List<Callback> callbacks = List.of();
    private List<Metric> metrics = List.of();
    private Set<String> allowChanges = Set.of();
    private List<String> betweenFrozen = List.of();

    private Builder(Recipe recipe) {
      this.recipe = recipe;
    }

    /** Sets the layers without weights that compute as in inference, with the frozen ones. */
    Builder betweenFrozen(List<String> layers) {
      betweenFrozen = layers;
      return this;
    }

    /** Sets the optimizer. */
    public Builder optimizer(Optimizer optimizer) {
      recipe = recipe.optimizer(optimizer);
      optimizerGiven = true;
      return this;
    }

    /** Sets the parameters with a learning rate, weight decay or momentum of their own. */
    public Builder groups(ParameterGroup... groups) {
      recipe = recipe.groups(List.of(groups));
      return this;
    }

    /** Sets the learning rate (and momentum) of every step. */
    public Builder schedule(Schedule schedule) {
      recipe = recipe.schedule(schedule);
      return this;
    }

    /** Sets the loss to minimise. */
    public Builder loss(Loss loss) {
      recipe = recipe.loss(loss);
      return this;
    }

    /** Sets the random changes of the training batches, in this order. */
    public Builder augment(BatchAugmentation... augmentations) {
      recipe = recipe.augmentations(List.of(augmentations));
      return this;
    }

    /** Sets how the images of each epoch are chosen and ordered. */
    public Builder sampler(Sampler sampler) {
      recipe = recipe.sampler(sampler);
      return this;
    }

    /**
     * Sets what the sides of the images are multiplied by before the network, for each of as many
     * equal parts of the epochs; 1 unless set. Training with small images first, known as
     * progressive resizing, takes less time. A resumed run with more epochs has the parts of the
     * longer run.
     */
    public Builder imageScales(double... imageScales) {
      recipe = recipe.imageScales(Doubles.asList(imageScales));
      return this;
    }

    /** Sets the number of passes over the images. */
    public Builder epochs(int epochs) {
      recipe = recipe.epochs(epochs);
      return this;
    }

    /** Sets the number of images per step. */
    public Builder batchSize(int batchSize) {
      recipe = recipe.batchSize(batchSize);
      return this;
    }

    /**
     * Sets the number of micro-batches that each batch is computed in, one after another, so that
     * memory holds one of them only; 1 unless set. The step is that of the whole batch, to
     * rounding, but each micro-batch draws its own random numbers, and batch norm normalises by the
     * statistics of the micro-batch.
     */
    public Builder accumulate(int accumulate) {
      recipe = recipe.accumulate(accumulate);
      return this;
    }

    /** Sets whether the last batch of an epoch is left out if it is short. */
    public Builder dropLast(boolean dropLast) {
      recipe = recipe.dropLast(dropLast);
      return this;
    }

    /** Sets the share of the training images that is set aside for validation. */
    public Builder validationSplit(double validationSplit) {
      recipe = recipe.validationSplit(validationSplit);
      return this;
    }

    /** Sets the number format of convolutions; the device decides unless set. */
    public Builder precision(Precision precision) {
      recipe = recipe.precision(Optional.of(precision));
      return this;
    }

    /**
     * Sets whether every batch norm takes the statistics of the whole batch if several workers or
     * GPUs share it, as PyTorch's {@code convert_sync_batchnorm}; false unless set.
     */
    public Builder synchronizedBatchNorms(boolean synchronizedBatchNorms) {
      recipe = recipe.synchronizedBatchNorms(synchronizedBatchNorms);
      return this;
    }

    /**
     * Sets layers that are not trained, with all that is inside them: their weights get no update,
     * and they run as in inference, so that batch norms use their running statistics and keep them,
     * and nothing is dropped out.
     *
     * @param layers full names, as {@link Model#summary} shows them, or prefixes of them: {@code
     *     layer1}, {@code layer4.0}
     */
    public Builder freeze(String... layers) {
      recipe = recipe.freeze(List.of(layers));
      return this;
    }

    /** Sets the seed of the order of the images, augmentation and dropout. */
    public Builder seed(long seed) {
      recipe = recipe.seed(seed);
      return this;
    }

    /**
     * Sets metrics that are reported beside loss and accuracy; none unless set.
     *
     * @throws IllegalArgumentException if their names do not differ, or cannot head a column
     */
    public Builder metrics(Metric... metrics) {
      Metric.checkNames(List.of(metrics));
      this.metrics = List.of(metrics);
      return this;
    }

    /** Sets callbacks, in this order, told after those of the recipe; none unless set. */
    public Builder callbacks(Callback... callbacks) {
      this.callbacks = List.of(callbacks);
      return this;
    }

    /**
     * Sets the options that may differ from the checkpoint's when a run is resumed; none unless
     * set. Of {@code epochs}, {@code schedule}, {@code optimizer} (its numbers, not its kind),
     * {@code groups}, {@code loss}, {@code augment}, {@code precision}, {@code accumulate} and
     * {@code callbacks} (the recipe's; those of {@link #callbacks} are not compared). The resumed
     * run takes the new values from the checkpoint on. A schedule is a function of the step and of
     * the number of all steps: with more epochs the learning rate jumps to where the longer
     * schedule has it.
     */
    public Builder allowChanges(String... options) {
      this.allowChanges = Set.of(options);
      return this;
    }

    /**
     * Returns the trainer.
     *
     * @throws IllegalArgumentException if {@code allowChanges} names another option, {@code
     *     accumulate} is larger than the batch size, there are more {@code imageScales} than
     *     epochs, two callbacks that watch the validation have one name, or two average weights
     */
    public Trainer build() {
      return new Trainer(this);
    }
  }
}
