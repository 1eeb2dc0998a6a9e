package dev.lamina.train;

import com.google.common.math.LongMath;
import dev.lamina.io.DisplayWidth;
import dev.lamina.io.OptionalLibraries;
import dev.lamina.io.ProgressText;
import dev.lamina.io.Terminal;
import dev.lamina.step.Metrics;
import java.io.PrintStream;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Shows a run on the console: in a terminal a line that is written again and again, with loss,
 * accuracy, the run's remaining time and, if it is wide enough, images/s, the learning rate and a
 * bar; otherwise a line for each epoch, and one every half minute. The first needs the optional
 * library {@code me.tongfei:progressbar}; without it there are lines in a terminal too.
 */
public final class ProgressBar implements Callback {
  private static final double SECONDS_BETWEEN_LINES = 30;
  private static final double SECONDS_BETWEEN_UPDATES = 0.2;

  /** Long enough for a steady rate, short enough to say it near the start. */
  private static final double SECONDS_BEFORE_ESTIMATE = 4;

  /** How long a run with an estimate must take at least. */
  private static final double SECONDS_OF_A_LONG_RUN = 30;

  private final PrintStream out;
  private final boolean terminal;
  private @Nullable Bar bar;
  private RunPlan plan = new RunPlan(0, 0, 0, 0, 0, false);
  private long epochStart;
  private long lastShown;
  private long seen;

  private final LongSupplier nanos;
  private boolean estimated;

  /** When the first step ended, which also prepares the graph. */
  private long firstStepEnd;

  ProgressBar(PrintStream out, boolean terminal, LongSupplier nanos) {
    this.out = out;
    this.terminal = terminal;
    this.nanos = nanos;
  }

  /** Shows the run on standard error; a bar in a terminal, else lines. */
  public static ProgressBar console() {
    return new ProgressBar(
        System.err,
        Terminal.isErrorInteractive()
            && OptionalLibraries.isPresent("me.tongfei.progressbar.ProgressBar"),
        System::nanoTime);
  }

  /** Shows the run as plain lines on a stream. */
  public static ProgressBar lines(PrintStream out) {
    return new ProgressBar(out, false, System::nanoTime);
  }

  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public Callback forRun() {
    return new ProgressBar(out, terminal, nanos);
  }

  @Override
  public boolean duringFreezeEpochs() {
    return true;
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    this.plan = plan;
    if (plan.compiled()) {
      out.println("XLA compiles the first step; this takes some tens of seconds");
    }
    startEpoch();
  }

  @Override
  public void onStep(StepEvent event, RunHandle run) {
    estimate(event, run.recipe());
    if (plan.compiled() && event.step() == plan.done()) {
      out.printf(Locale.ROOT, "compiled in %.1f s%n", seconds(epochStart));
      startEpoch();
      return;
    }
    seen += event.images();
    if (seconds(lastShown) < (terminal ? SECONDS_BETWEEN_UPDATES : SECONDS_BETWEEN_LINES)) {
      return;
    }
    lastShown = nanos.getAsLong();
    StatusLine status = status(event, run);
    if (terminal) {
      show(status);
    } else {
      out.printf(
          Locale.ROOT,
          "epoch %d/%d  step %d/%d  loss %.4f  accuracy %.4f  lr %.3g  %.0f images/s  %s left%n",
          status.epoch(),
          status.epochs(),
          event.step() + 1,
          plan.steps(),
          status.loss(),
          status.accuracy(),
          status.learningRate(),
          status.imagesPerSecond(),
          ProgressText.duration(status.secondsLeft()));
    }
  }

  private StatusLine status(StepEvent event, RunHandle run) {
    Metrics metrics = run.metrics();
    double rate = seen / seconds(epochStart);
    long steps = event.step() + 1;
    return new StatusLine(
        event.epoch(),
        plan.epochs(),
        (double) (steps - (event.epoch() - 1L) * plan.stepsPerEpoch()) / plan.stepsPerEpoch(),
        metrics.loss(),
        metrics.accuracy(),
        (long) (stepsAfter(steps, event.epoch(), run.recipe()) * imagesPerStep() / rate),
        rate,
        event.learningRate());
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    closeBar();
    String validation =
        epoch
            .validation()
            .map(
                v ->
                    String.format(
                        Locale.ROOT, "  val_loss %.4f  val_accuracy %.4f", v.loss(), v.accuracy()))
            .orElse("");
    String line =
        String.format(
            Locale.ROOT,
            "epoch %d/%d  loss %.4f  accuracy %.4f%s  lr %.3g  %.0f images/s  %.1f s",
            epoch.number(),
            plan.epochs(),
            epoch.loss(),
            epoch.accuracy(),
            validation,
            epoch.learningRate(),
            imagesPerEpoch() / epoch.seconds(),
            epoch.seconds());
    out.println(terminal ? DisplayWidth.wrap(line, "  ", Bar.columns(out), 2) : line);
    startEpoch();
  }

  @Override
  public void onEnd(History history) {
    closeBar();
  }

  /** Less than all if the last batch is dropped. */
  private double imagesPerEpoch() {
    return Math.min(plan.images(), (double) plan.stepsPerEpoch() * plan.batchSize());
  }

  private double imagesPerStep() {
    return imagesPerEpoch() / plan.stepsPerEpoch();
  }

  private void startEpoch() {
    epochStart = nanos.getAsLong();
    lastShown = epochStart;
    seen = 0;
  }

  /** Says once, some seconds after the first step, how long a long run takes. */
  private void estimate(StepEvent event, Recipe recipe) {
    long steps = event.step() - plan.done();
    if (steps == 0) {
      firstStepEnd = nanos.getAsLong();
    }
    if (estimated || steps == 0 || seconds(firstStepEnd) < SECONDS_BEFORE_ESTIMATE) {
      return;
    }
    estimated = true;
    double rate = steps * imagesPerStep() / seconds(firstStepEnd);
    double all =
        stepsAfter(plan.done(), event.epoch(), recipe)
            / plan.stepsPerEpoch()
            * imagesPerEpoch()
            / rate;
    if (all >= SECONDS_OF_A_LONG_RUN) {
      closeBar();
      long epochs = plan.epochs() - plan.done() / plan.stepsPerEpoch();
      out.printf(
          Locale.ROOT,
          "about %s for %s %s (%.0f images/s)%n",
          about(all),
          epochs,
          epochs == 1 ? "epoch" : "epochs",
          rate);
    }
  }

  /**
   * Returns how many steps of an epoch's kind the rest of the run amounts to: the time of a step is
   * that of its pixels.
   */
  private double stepsAfter(long done, int epoch, Recipe recipe) {
    int parts = recipe.imageScales().size();
    double steps = 0;
    for (int part = 0; part < parts; part++) {
      double scale = recipe.imageScales().get(part) / recipe.imageScale(epoch);
      long first = LongMath.divide((long) part * plan.epochs(), parts, RoundingMode.CEILING);
      long end = LongMath.divide((part + 1L) * plan.epochs(), parts, RoundingMode.CEILING);
      long from = Math.max(done, first * plan.stepsPerEpoch());
      steps += scale * scale * Math.max(0, end * plan.stepsPerEpoch() - from);
    }
    return steps;
  }

  private static String about(double seconds) {
    return seconds < 90
        ? String.format(Locale.ROOT, "%.0f s", seconds)
        : seconds < 5400
            ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
            : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }

  private void show(StatusLine status) {
    if (bar == null) {
      bar = new Bar(out, status);
    }
    bar.show(status);
  }

  private void closeBar() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  private double seconds(long since) {
    return (nanos.getAsLong() - since) / 1e9;
  }

  /** The library's line, apart so that the class around it loads without the library. */
  private static final class Bar {
    private final me.tongfei.progressbar.ProgressBar bar;
    private volatile StatusLine status;

    Bar(PrintStream out, StatusLine first) {
      status = first;
      bar =
          new ProgressBarBuilder()
              .setRenderer((state, columns) -> status.fit(columns))
              .setUpdateIntervalMillis(200)
              // Not by the library's own count, which misses what changes while it writes.
              .continuousUpdate()
              .clearDisplayOnFinish()
              .setConsumer(new ConsoleProgressBarConsumer(out))
              .build();
    }

    /** Returns how many columns a line may have. */
    static int columns(PrintStream out) {
      return new ConsoleProgressBarConsumer(out).getMaxRenderedLength();
    }

    void show(StatusLine next) {
      status = next;
    }

    void close() {
      bar.close();
    }
  }
}
