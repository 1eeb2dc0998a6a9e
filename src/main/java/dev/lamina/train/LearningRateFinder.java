package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.ImageSet;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.step.DivergenceException;
import dev.lamina.step.TrainStep;
import java.util.ArrayList;
import java.util.List;

/**
 * The learning-rate range test (Smith, <a href="https://arxiv.org/abs/1506.01186">arXiv
 * 1506.01186</a>, section 3.3) in fastai's form: trains for some steps while the learning rate
 * grows exponentially, and ends when the loss diverges. The model is afterwards as it was before.
 *
 * <pre>{@code
 * double rate = LearningRateFinder.of(1e-6, 1).find(model, images, recipe).suggestion();
 * }</pre>
 *
 * @param min the learning rate of the first step
 * @param max the learning rate of the last step
 * @param steps the number of steps; 100 unless set
 */
public record LearningRateFinder(double min, double max, int steps) {
  /** The weight of the old value in the smoothed loss, as in fastai. */
  private static final double SMOOTHING = 0.98;

  /** So many times the smallest smoothed loss is divergence, as in fastai. */
  private static final double DIVERGENCE = 4;

  /** The suggestion is this part of the rate of the smallest loss, as in fastai. */
  private static final double BELOW_MINIMUM = 10;

  /** Checks that min is positive, max larger and finite, and steps at least 2. */
  public LearningRateFinder {
    checkArgument(min > 0, "min must be positive, got %s", min);
    checkArgument(
        max > min && Double.isFinite(max), "max must be finite and above min %s, got %s", min, max);
    checkArgument(steps > 1, "steps must be at least 2, got %s", steps);
  }

  /** Returns the test from one learning rate to another in 100 steps. */
  public static LearningRateFinder of(double min, double max) {
    return new LearningRateFinder(min, max, 100);
  }

  /** Returns this test with another number of steps. */
  public LearningRateFinder steps(int steps) {
    return new LearningRateFinder(min, max, steps);
  }

  /**
   * A step of the test.
   *
   * @param learningRate its learning rate
   * @param loss the loss of its batch, before its update
   * @param smoothed the exponential moving average of the losses so far, with its bias corrected
   */
  public record Point(double learningRate, double loss, double smoothed) {}

  /**
   * The result.
   *
   * @param points the steps, until the loss diverged
   */
  public record Curve(List<Point> points) {
    /** Copies the list. */
    public Curve {
      points = List.copyOf(points);
    }

    /**
     * Returns a learning rate to train with, the peak of a schedule: a tenth of the rate where the
     * smoothed loss is smallest, the first one if there are several. The first tenth of the steps
     * is left out, as in fastai: there the smoothed loss is that of a few batches.
     *
     * <p>If the loss was smallest in an early step, this is a rate that was not tested: see {@link
     * #hasSuggestion}.
     */
    public double suggestion() {
      int first = points.size() / 10;
      Point smallest = points.get(first);
      for (Point point : points.subList(first, points.size())) {
        if (point.smoothed() < smallest.smoothed()) {
          smallest = point;
        }
      }
      return smallest.learningRate() / BELOW_MINIMUM;
    }

    /** Returns whether the suggestion is not below the rates that were tested. */
    public boolean hasSuggestion() {
      return suggestion() >= points.get(0).learningRate();
    }
  }

  /**
   * Runs the test on batches as training takes them, with everything of a recipe but its schedule
   * and the scales of the images; the momentum is that of the first step.
   *
   * @param set the training images, without the recipe's {@code validationSplit} of them
   * @throws IllegalArgumentException as {@link Trainer#check} does
   * @throws LaminaException if the loss is not finite in the first step
   */
  public Curve find(Model model, ImageSet set, Recipe recipe) {
    double share = recipe.validationSplit();
    ImageSet images = share > 0 ? set.split(share, recipe.seed()).train() : set;
    BatchOrder order =
        new BatchOrder(
            images, recipe.sampler(), recipe.batchSize(), recipe.dropLast(), recipe.seed());
    long run = (long) recipe.epochs() * order.stepsPerEpoch();
    double momentum = recipe.schedule().momentum(0, run).orElse(recipe.optimizer().momentum());
    Weights before = model.weights();
    try (TrainStep step =
        Trainer.builder(recipe.callbacks(List.of())).build().step(model, images, 1, List.of())) {
      return new Curve(run(step, order, momentum));
    } finally {
      model.assign(before);
    }
  }

  private List<Point> run(TrainStep step, BatchOrder order, double momentum) {
    List<Point> points = new ArrayList<>();
    double average = 0;
    double smallest = Double.POSITIVE_INFINITY;
    for (int i = 0; i < steps; i++) {
      double rate = min * Math.pow(max / min, i / (steps - 1.0));
      step.resetMetrics();
      try {
        step.run(order.batch(i), i, rate, momentum);
      } catch (DivergenceException e) {
        if (points.isEmpty()) {
          throw new LaminaException(
              "the loss must be finite in the first step, is not at learning rate "
                  + rate
                  + "; start from a lower one",
              e);
        }
        return points;
      }
      double loss = step.metrics().loss();
      average = SMOOTHING * average + (1 - SMOOTHING) * loss;
      double smoothed = average / (1 - Math.pow(SMOOTHING, i + 1));
      points.add(new Point(rate, loss, smoothed));
      smallest = Math.min(smallest, smoothed);
      if (smoothed > DIVERGENCE * smallest) {
        return points;
      }
    }
    return points;
  }
}
