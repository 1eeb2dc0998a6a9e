package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.augment.Augmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Permutation;
import dev.lamina.graph.Precision;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.schedule.OneCycle;
import dev.lamina.schedule.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model on a set of images. A trainer is a recipe: it holds no model and can be used
 * again; the same recipe on the same model and images takes the same steps.
 */
public final class Trainer {
  private final Optimizer optimizer;
  private final Schedule schedule;
  private final CrossEntropy loss;
  private final List<Augmentation> augmentations;
  private final List<Callback> callbacks;
  private final int epochs;
  private final int batchSize;
  private final boolean dropLast;
  private final double validationSplit;
  private final Precision precision;
  private final Freezing freezing;
  private final long seed;

  private Trainer(Builder builder) {
    checkArgument(builder.epochs > 0, "epochs must be positive, got %s", builder.epochs);
    checkArgument(builder.batchSize > 0, "batchSize must be positive, got %s", builder.batchSize);
    checkArgument(
        builder.validationSplit >= 0 && builder.validationSplit < 1,
        "validationSplit must be in [0, 1), got %s",
        builder.validationSplit);
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
    if (validationSplit > 0) {
      ImageSet.Split split = train.split(validationSplit, seed);
      return run(model, split.train(), split.validation());
    }
    return run(model, train, null);
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
    checkArgument(
        validationSplit == 0,
        "validationSplit must be 0 where validation images are given, got %s",
        validationSplit);
    return run(model, train, validation);
  }

  /**
   * The step of this recipe, to be taken by hand. Close it.
   *
   * @throws IllegalArgumentException where the images do not fit the model
   */
  public TrainStep step(Model model, ImageSet images) {
    model.checkFits(images);
    freezing.check(model);
    return new TrainStep(model, images, optimizer, loss, augmentations, precision, freezing, seed);
  }

  private History run(Model model, ImageSet train, @Nullable ImageSet validation) {
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
    int stepsPerEpoch = dropLast ? train.size() / batchSize : (train.size() - 1) / batchSize + 1;
    RunPlan plan = new RunPlan(epochs, stepsPerEpoch, batchSize, train.size());
    List<Epoch> done = new ArrayList<>();
    try (TrainStep step = step(model, train)) {
      Handle handle = new Handle(model, step);
      callbacks.forEach(callback -> callback.onStart(plan, handle));
      LastGood good = new LastGood(model);
      for (int epoch = 1; epoch <= epochs && !handle.stopped; epoch++) {
        try {
          runEpoch(epoch, plan, step, model, train, validation, handle, good).ifPresent(done::add);
        } catch (DivergenceException e) {
          good.restore();
          throw new DivergenceException(
              e.step(), e.learningRate(), epoch == 1 ? "before training" : "the last whole epoch");
        }
      }
    } finally {
      History history = new History(done);
      callbacks.forEach(callback -> callback.onEnd(history));
    }
    return new History(done);
  }

  /** Empty where the epoch was broken off. */
  private Optional<Epoch> runEpoch(
      int number,
      RunPlan plan,
      TrainStep trainStep,
      Model model,
      ImageSet train,
      @Nullable ImageSet validation,
      Handle handle,
      LastGood good) {
    long start = System.nanoTime();
    int[] order = Permutation.of(train.size(), seed, number);
    trainStep.resetMetrics();
    double learningRate = 0;
    double momentum = 0;
    long first = (long) (number - 1) * plan.stepsPerEpoch();
    for (int i = 0; i < plan.stepsPerEpoch(); i++) {
      if (handle.stopped) {
        return Optional.empty();
      }
      long step = first + i;
      int[] batch =
          Arrays.copyOfRange(order, i * batchSize, Math.min((i + 1) * batchSize, order.length));
      learningRate = schedule.learningRate(step, plan.steps());
      momentum = schedule.momentum(step, plan.steps()).orElse(optimizer.momentum());
      trainStep.run(batch, step, learningRate, momentum);
      StepEvent event = new StepEvent(step, number, batch.length, learningRate, momentum);
      callbacks.forEach(callback -> callback.onStep(event, handle));
    }
    if (!good.update()) {
      throw new DivergenceException(
          first + plan.stepsPerEpoch() - 1, learningRate, "the last whole epoch");
    }
    Metrics metrics = trainStep.metrics();
    Optional<Evaluation> evaluation = Optional.ofNullable(validation).map(model::evaluate);
    Epoch epoch =
        new Epoch(
            number,
            first + plan.stepsPerEpoch(),
            metrics.loss(),
            metrics.accuracy(),
            evaluation,
            learningRate,
            momentum,
            (System.nanoTime() - start) / 1e9);
    callbacks.forEach(callback -> callback.onEpoch(epoch, handle));
    return Optional.of(epoch);
  }

  private static final class Handle implements RunHandle {
    private final Model model;
    private final TrainStep step;
    private boolean stopped;

    Handle(Model model, TrainStep step) {
      this.model = model;
      this.step = step;
    }

    @Override
    public Metrics metrics() {
      return step.metrics();
    }

    @Override
    public void stop() {
      stopped = true;
    }

    @Override
    public void saveWeights(Path file) {
      model.saveWeights(file);
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
     * The recipe.
     *
     * @throws IllegalArgumentException where an option breaks its rule
     */
    public Trainer build() {
      return new Trainer(this);
    }
  }
}
