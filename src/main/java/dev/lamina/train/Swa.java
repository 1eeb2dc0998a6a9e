package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.distributed.Cluster;
import dev.lamina.model.Weights;
import dev.lamina.schedule.Schedule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Stochastic weight averaging (Izmailov et al., <a href="https://arxiv.org/abs/1803.05407">arXiv
 * 1803.05407</a>, algorithm 1): the mean of the weights after epochs at the end of a run, as {@code
 * torch.optim.swa_utils} computes it:
 *
 * <pre>
 * average = average + (weight - average) / (n + 1)
 * </pre>
 *
 * <p>The running statistics of batch norms are not averaged but computed anew for the average, by a
 * pass over the training batches of the epoch, as {@code update_bn} does. From the first average
 * on, the averaged weights are evaluated after each epoch, saved by the run, and assigned to the
 * model when training has ended; they do not affect training.
 *
 * @param start the first epoch that is averaged, from 1
 * @param every the number of epochs between two averages; 1 unless set
 * @param high the learning rate at the start of each {@code every} epochs; the recipe's unless set
 * @param low the learning rate at the end of each {@code every} epochs; the recipe's unless set
 * @param anneal the number of epochs from the recipe's learning rate to this one, which it needs; 0
 *     unless set
 */
public record Swa(int start, int every, OptionalDouble high, OptionalDouble low, int anneal)
    implements Callback {
  /**
   * Checks that start and every are positive, anneal not negative and 0 without rates, and rates
   * positive.
   */
  public Swa {
    checkArgument(start > 0, "start must be positive, got %s", start);
    checkArgument(every > 0, "every must be positive, got %s", every);
    checkArgument(anneal >= 0, "anneal must not be negative, got %s", anneal);
    checkArgument(
        high.isPresent() == low.isPresent(), "high and low must be given together, got %s", high);
    checkRate("high", high);
    checkRate("low", low);
    checkArgument(
        anneal == 0 || high.isPresent(), "anneal must be 0 without high and low, got %s", anneal);
  }

  private static void checkRate(String name, OptionalDouble rate) {
    checkArgument(
        rate.isEmpty() || (rate.getAsDouble() > 0 && Double.isFinite(rate.getAsDouble())),
        "%s must be positive and finite, got %s",
        name,
        rate);
  }

  /** Returns the mean of the weights after every epoch from one on, with the recipe's rates. */
  public static Swa from(int epoch) {
    return new Swa(epoch, 1, OptionalDouble.empty(), OptionalDouble.empty(), 0);
  }

  /**
   * Returns this callback with a constant learning rate from its first epoch on, as PyTorch's
   * {@code SWALR} sets it: with cosine annealing from the recipe's.
   *
   * @param annealEpochs the length of the annealing
   */
  public Swa constant(double rate, int annealEpochs) {
    OptionalDouble both = OptionalDouble.of(rate);
    return new Swa(start, 1, both, both, annealEpochs);
  }

  /**
   * Returns this callback with the cyclic learning rate of the paper, equation 3: linear from high
   * to low in each cycle. The weights at the end of each cycle are averaged.
   *
   * @param epochs the length of a cycle
   */
  public Swa cyclic(double high, double low, int epochs) {
    return new Swa(start, epochs, OptionalDouble.of(high), OptionalDouble.of(low), 0);
  }

  /**
   * Checks that a run has something to average, and that this process trains it alone.
   *
   * @throws IllegalArgumentException if not
   */
  void check(int epochs) {
    checkArgument(
        start + every - 1 <= epochs,
        "start + every - 1 must be at most the %s epochs of the run, got start %s and every %s",
        epochs,
        start,
        every);
    // Each would compute the statistics of batch norm from its own images alone.
    checkArgument(
        Cluster.joined().isEmpty(), "Swa must not be used by several workers; train with one");
  }

  @Override
  public Callback forRun() {
    return new Averaging(this);
  }

  /** The rates of a recipe until the averaging starts, then those of this callback. */
  private record Rates(Schedule recipe, Swa options, int stepsPerEpoch) implements Schedule {
    @Override
    public double learningRate(long step, long steps) {
      long first = (options.start - 1L) * stepsPerEpoch;
      long since = step - first;
      if (since < 0 || options.high.isEmpty()) {
        return recipe.learningRate(step, steps);
      }
      long cycle = (long) options.every * stepsPerEpoch;
      double at = (since % cycle + 1.0) / cycle;
      double rate = (1 - at) * options.high.getAsDouble() + at * options.low.getAsDouble();
      double annealed = (double) since / Math.max(1, (long) options.anneal * stepsPerEpoch);
      if (options.anneal == 0 || annealed >= 1) {
        return rate;
      }
      double share = (1 - Math.cos(Math.PI * annealed)) / 2;
      return share * rate + (1 - share) * recipe.learningRate(first, steps);
    }

    @Override
    public OptionalDouble momentum(long step, long steps) {
      return recipe.momentum(step, steps);
    }
  }

  /** The average of one run. */
  private static final class Averaging implements Callback {
    private static final String AVERAGE = "average";
    private static final String AVERAGED = "averaged";

    private final Swa options;
    private @Nullable RunPlan plan;

    Averaging(Swa options) {
      this.options = options;
    }

    @Override
    public String name() {
      return "Swa";
    }

    @Override
    public void onStart(RunPlan plan, RunHandle run) {
      this.plan = plan;
      run.schedule(recipe -> new Rates(recipe, options, plan.stepsPerEpoch()));
      run.evaluationWeights(() -> run.state(name()).weights(AVERAGE).orElseGet(run::weights));
    }

    /**
     * After the last step of an epoch, so that the epoch's evaluation is that of the new average.
     */
    @Override
    public void onStep(StepEvent event, RunHandle run) {
      boolean last = plan != null && (event.step() + 1) % plan.stepsPerEpoch() == 0;
      int epochs = event.epoch() - options.start + 1;
      if (last && epochs > 0 && epochs % options.every == 0) {
        CallbackState state = run.state(name());
        double averaged = state.get(AVERAGED, 0);
        Weights now = run.weights();
        Weights average =
            state.weights(AVERAGE).map(before -> average(before, now, averaged)).orElse(now);
        state.put(AVERAGE, run.withStatistics(average));
        state.put(AVERAGED, averaged + 1);
      }
    }

    private static Weights average(Weights average, Weights now, double averaged) {
      Map<String, float[]> values = new LinkedHashMap<>();
      now.asMap()
          .forEach(
              (name, weights) -> {
                float[] before = average.get(name);
                float[] after = new float[weights.length];
                for (int i = 0; i < after.length; i++) {
                  after[i] = (float) (before[i] + (weights[i] - before[i]) / (averaged + 1));
                }
                values.put(name, after);
              });
      return Weights.of(values);
    }
  }
}
