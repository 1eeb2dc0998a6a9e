package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops a run after a time, counted over the whole run: what it took before it was resumed counts,
 * from its checkpoint on. With {@link Checkpoints} the run leaves a checkpoint and can be resumed
 * with a longer limit. The step and the evaluation that are running are completed. The epochs of
 * the classifier alone ({@link Recipe#freezeEpochs}) are not counted.
 *
 * @param limit the time, positive
 */
public record TimeLimit(Duration limit) implements Callback {
  private static final Logger LOG = LoggerFactory.getLogger(TimeLimit.class);

  /** Checks that the limit is positive. */
  public TimeLimit {
    checkArgument(!limit.isNegative() && !limit.isZero(), "limit must be positive, got %s", limit);
  }

  /** Returns a limit. */
  public static TimeLimit of(Duration limit) {
    return new TimeLimit(limit);
  }

  @Override
  public Callback forRun() {
    return new Running(limit, System::nanoTime);
  }

  /** The time of one run. */
  static final class Running implements Callback {
    private static final String SECONDS = "seconds";

    private final Duration limit;
    private final LongSupplier nanoTime;
    private RunPlan plan = new RunPlan(0, 0, 0, 0, 0, false);
    private double before;
    private long start;

    Running(Duration limit, LongSupplier nanoTime) {
      this.limit = limit;
      this.nanoTime = nanoTime;
    }

    @Override
    public String name() {
      return "TimeLimit";
    }

    @Override
    public void onStart(RunPlan plan, RunHandle run) {
      this.plan = plan;
      before = run.state(name()).get(SECONDS, 0);
      start = nanoTime.getAsLong();
      check(plan.done(), run);
    }

    @Override
    public void onStep(StepEvent event, RunHandle run) {
      check(event.step() + 1, run);
    }

    /** Also counts the evaluation. */
    @Override
    public void onEpoch(Epoch epoch, RunHandle run) {
      check(epoch.steps(), run);
    }

    private void check(long step, RunHandle run) {
      double seconds = before + (nanoTime.getAsLong() - start) / 1e9;
      run.state(name()).put(SECONDS, seconds);
      // In nanoseconds a long has no room for the longest limits.
      if (seconds >= limit.toSeconds() + limit.toNanosPart() / 1e9 && step < plan.steps()) {
        LOG.info(
            "stopped after step {} of {}: the time limit of {} is reached; resume with a longer one",
            step,
            plan.steps(),
            limit.toString().substring(2));
        run.stop();
      }
    }
  }
}
