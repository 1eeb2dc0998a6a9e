package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.augment.Augmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model on a set of images. A trainer is a recipe: it holds no model and can be used
 * again; the same recipe on the same model and images takes the same steps.
 */
public final class Trainer {
  final Optimizer optimizer;
  final Schedule schedule;
  final CrossEntropy loss;
  final List<Augmentation> augmentations;
  final List<Callback> callbacks;
  final int epochs;
  final int batchSize;
  final boolean dropLast;
  final double validationSplit;
  final Precision precision;
  final Freezing freezing;
  final long seed;
  final Set<String> mayDiffer;

  private Trainer(Builder builder) {
    checkArgument(builder.epochs > 0, "epochs must be positive, got %s", builder.epochs);
    checkArgument(builder.batchSize > 0, "batchSize must be positive, got %s", builder.batchSize);
    checkArgument(
        builder.validationSplit >= 0 && builder.validationSplit < 1,
        "validationSplit must be in [0, 1), got %s",
        builder.validationSplit);
    checkArgument(
        Configuration.CHANGEABLE.containsAll(builder.mayDiffer),
        "mayDiffer must name some of %s, got %s",
        new TreeSet<>(Configuration.CHANGEABLE),
        builder.mayDiffer);
    optimizer = builder.optimizer;
    schedule = builder.schedule;
    loss = builder.loss;
    augmentations = builder.augmentations;
    callbacks = builder.callbacks;
    epochs = builder.epochs;
    batchSize = builder.batchSize;
    dropLast = builder.dropLast;
    validationSplit = builder.validationSplit;
    precision = builder.precision;
    freezing = builder.freezing;
    seed = builder.seed;
    mayDiffer = builder.mayDiffer;
  }

  /** A recipe to be filled in; the defaults are the flagship's, without augmentation. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Trains without validation, or on what {@link Builder#validationSplit} leaves, validated on the
   * rest.
   */
  public History fit(Model model, ImageSet train) {
    return run(model, train, Optional.empty());
  }

  /**
   * Trains, and evaluates on the validation images after every epoch.
   *
   * @throws IllegalArgumentException where the images do not fit the model, or a validation split
   *     was asked for beside them
   * @throws DivergenceException where the loss or a gradient is not finite; the model then has its
   *     last good weights
   */
  public History fit(Model model, ImageSet train, ImageSet validation) {
    checkNoSplit();
    return run(model, train, validation, Optional.empty());
  }

  /**
   * Checks that this recipe can train a model on images.
   *
   * @throws IllegalArgumentException where the images do not fit the model, or a layer that is to
   *     be frozen is not there
   */
  public void check(Model model, ImageSet images) {
    model.checkFits(images);
    freezing.check(model);
  }

  /**
   * The step of this recipe, to be taken by hand. Close it.
   *
   * @throws IllegalArgumentException as {@link #check} does
   */
  public TrainStep step(Model model, ImageSet images) {
    check(model, images);
    return new TrainStep(model, images, optimizer, loss, augmentations, precision, freezing, seed);
  }

  /**
   * Goes on with a run that wrote {@link Checkpoints}, from its newest whole checkpoint, on the
   * images that it was begun with; starts it where it has none yet. It ends, bit for bit, where it
   * would have ended without the interruption (see docs/reproducibility.md).
   *
   * @param run the folder that was given to {@link Checkpoints#in}
   * @param model a model of the same network; its weights are replaced
   * @throws IllegalArgumentException where this recipe, the network or the images differ from the
   *     checkpoint's in anything but callbacks and {@link Builder#mayDiffer}
   * @throws dev.lamina.data.DataException where there are checkpoints and none can be read
   */
  public History resume(Path run, Model model, ImageSet train, ImageSet validation) {
    checkNoSplit();
    return run(model, train, validation, Checkpoints.newest(run));
  }

  /**
   * Goes on with a run as {@link #resume(Path, Model, ImageSet, ImageSet)} does, as {@link
   * #fit(Model, ImageSet)} began it.
   */
  public History resume(Path run, Model model, ImageSet train) {
    return run(model, train, Checkpoints.newest(run));
  }

  private void checkNoSplit() {
    checkArgument(
        validationSplit == 0,
        "validationSplit must be 0 where validation images are given, got %s",
        validationSplit);
  }

  private History run(Model model, ImageSet images, Optional<Checkpoint> from) {
    if (validationSplit > 0) {
      ImageSet.Split split = images.split(validationSplit, seed);
      return run(model, split.train(), split.validation(), from);
    }
    return run(model, images, null, from);
  }

  private History run(
      Model model, ImageSet train, @Nullable ImageSet validation, Optional<Checkpoint> from) {
    if (validation != null) {
      model.checkFits(validation);
      checkArgument(
          validation.classNames().equals(train.classNames()),
          "classes of the validation images must be those of the training images %s, got %s",
          train.classNames(),
          validation.classNames());
    }
    checkArgument(
        !dropLast || train.size() >= batchSize,
        "batchSize must be at most the %s images where the last short batch is dropped, got %s",
        train.size(),
        batchSize);
    model.classNames(train.classNames());
    try (TrainStep step = step(model, train)) {
      Run run = new Run(this, model, step, train, validation);
      from.ifPresent(run::restore);
      return run.finish();
    }
  }

  /** The options of a recipe. Rules are checked by {@link #build()}. */
  public static final class Builder {
    private Optimizer optimizer = MomentumOptimizer.of(0.9).weightDecay(5e-4);
    private Schedule schedule = OneCycle.of(0.01);
    private CrossEntropy loss = CrossEntropy.create();
    private List<Augmentation> augmentations = List.of();
    private List<Callback> callbacks = List.of();
    private int epochs = 100;
    private int batchSize = 64;
    private boolean dropLast;
    private double validationSplit;
    private Precision precision = Precision.automatic();
    private Freezing freezing = new Freezing(List.of());
    private long seed;
    private Set<String> mayDiffer = Set.of();

    private Builder() {}

    /** How gradients move weights; momentum 0.9 with weight decay 5e-4 unless set. */
    public Builder optimizer(Optimizer optimizer) {
      this.optimizer = optimizer;
      return this;
    }

    /** The learning rate (and momentum) of every step; 1cycle up to 0.01 unless set. */
    public Builder schedule(Schedule schedule) {
      this.schedule = schedule;
      return this;
    }

    /** Label smoothing; 0 unless set. */
    public Builder labelSmoothing(double labelSmoothing) {
      loss = loss.labelSmoothing(labelSmoothing);
      return this;
    }

    /** Random changes of the training images, in this order; none unless set. */
    public Builder augment(Augmentation... augmentations) {
      this.augmentations = List.of(augmentations);
      return this;
    }

    /** The number of passes over the images; 100 unless set. */
    public Builder epochs(int epochs) {
      this.epochs = epochs;
      return this;
    }

    /** The images of a step; 64 unless set. */
    public Builder batchSize(int batchSize) {
      this.batchSize = batchSize;
      return this;
    }

    /**
     * Whether the last batch of an epoch is left out where it is short; false (it is trained on)
     * unless set.
     */
    public Builder dropLast(boolean dropLast) {
      this.dropLast = dropLast;
      return this;
    }

    /** The share of the training images that is set aside for validation; 0 unless set. */
    public Builder validationSplit(double validationSplit) {
      this.validationSplit = validationSplit;
      return this;
    }

    /** What convolutions compute in; {@link Precision#automatic()} unless set. */
    public Builder precision(Precision precision) {
      this.precision = precision;
      return this;
    }

    /**
     * Layers to leave alone, with all that is inside them: their weights get no update, and they
     * run as in inference, so that batch norms use their running statistics and keep them, and
     * nothing is dropped out. None unless set.
     *
     * @param layers full names, as {@link Model#summary} shows them, or their beginnings: {@code
     *     layer1}, {@code layer4.0}
     */
    public Builder freeze(String... layers) {
      this.freezing = new Freezing(List.of(layers));
      return this;
    }

    /** The seed of the order of the images, augmentation and dropout; 0 unless set. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /** Who is told of the run; nobody unless set. */
    public Builder callbacks(Callback... callbacks) {
      this.callbacks = List.of(callbacks);
      return this;
    }

    /**
     * The options that may differ from the checkpoint's when a run is resumed; none unless set. Of
     * {@code epochs}, {@code schedule}, {@code optimizer} (its numbers, not its kind), {@code
     * labelSmoothing}, {@code augment} and {@code precision}. The resumed run takes the new values
     * from the checkpoint on. A schedule is a function of the step and of the number of all steps:
     * with more epochs the learning rate jumps to where the longer schedule has it.
     */
    public Builder mayDiffer(String... options) {
      this.mayDiffer = Set.of(options);
      return this;
    }

    /**
     * The recipe.
     *
     * @throws IllegalArgumentException where an option breaks its rule
     */
    public Trainer build() {
      return new Trainer(this);
    }
  }
}
