package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Throwables;
import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import dev.lamina.io.Messages;
import dev.lamina.metric.Accuracy;
import dev.lamina.metric.Metric;
import dev.lamina.step.AfterUpdate;
import dev.lamina.step.DivergenceException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;

/** The callbacks of one run, in the order in which they are told. */
final class Callbacks {
  /** For another scale of the images it is built again in the middle of the run. */
  private static final String WHILE_BUILT = "while the training step was built";

  private final List<Callback> first = new ArrayList<>();

  /** Those that store what the others keep. */
  private final List<Callback> last = new ArrayList<>();

  private boolean allStarted;

  Callbacks(List<Callback> callbacks) {
    for (Callback callback : callbacks) {
      Callback started = callback.forRun();
      (started.runsLast() ? last : first).add(started);
    }
  }

  /**
   * Checks that callbacks that watch the validation have different names, under which they keep
   * what they have seen.
   *
   * @throws IllegalArgumentException if two have the same
   */
  static void checkNames(List<Callback> callbacks) {
    Set<String> names = new HashSet<>();
    for (Callback callback : callbacks) {
      checkArgument(
          callback.validationMetric().isEmpty() || names.add(callback.name()),
          "callbacks that watch the validation must have different names, got %s twice, which would share"
              + " one state; leave one out, the recipe's by recipe.callbacks(List.of())",
          callback.name());
    }
  }

  /**
   * Checks that at most one callback averages weights, since only those of one are evaluated.
   *
   * @throws IllegalArgumentException if several do
   */
  static void checkAverages(List<Callback> callbacks) {
    List<String> averages =
        callbacks.stream()
            .filter(callback -> callback instanceof Ema || callback instanceof Swa)
            .map(Callback::name)
            .toList();
    checkArgument(
        averages.size() < 2,
        "callbacks must have at most one average of the weights, got %s; leave one out, the recipe's by"
            + " recipe.callbacks(List.of())",
        String.join(" and ", averages));
  }

  /**
   * Checks that callbacks can do without validation images.
   *
   * @throws IllegalArgumentException if one reads their evaluation
   */
  static void checkNoValidation(List<Callback> callbacks) {
    for (Callback callback : callbacks) {
      checkArgument(
          callback.validationMetric().isEmpty(),
          "callback %s must have validation images, there are none; give them to fit, set"
              + " validationSplit, or leave the callback out",
          callback.name());
    }
  }

  /**
   * Checks that what callbacks watch will be computed.
   *
   * @throws IllegalArgumentException if one watches a metric that the run does not have, or keeps
   *     the worst weights by it
   */
  static void checkMetrics(List<Callback> callbacks, List<Metric> metrics) {
    List<String> names = new ArrayList<>(List.of("loss", Accuracy.create().name()));
    metrics.forEach(metric -> names.add(metric.name()));
    for (Callback callback : callbacks) {
      String name = callback.validationMetric().orElse("loss");
      checkArgument(
          names.contains(name),
          "callback %s must watch one of %s, got \"%s\"; in Java, add it with metrics(...)",
          callback.name(),
          names,
          name);
      checkArgument(
          !(callback instanceof BestModel best) || best.lowest() || !lowerIsBetter(name, metrics),
          "callback %s must keep the lowest %s, of which a lower value is better; use lowest(\"%s\")",
          callback.name(),
          name,
          name);
    }
  }

  /** Returns whether a lower value of {@code loss} or a metric is better. */
  static boolean lowerIsBetter(String name, List<Metric> metrics) {
    return name.equals("loss")
        || metrics.stream().anyMatch(each -> each.name().equals(name) && each.lowerIsBetter());
  }

  /** Returns their names. */
  List<String> names() {
    return Stream.concat(first.stream(), last.stream()).map(Callback::name).toList();
  }

  /** Returns what they add to the graph of the step. */
  AfterUpdate afterUpdate() {
    return this::afterUpdate;
  }

  private List<Op> afterUpdate(Ops tf, State state, List<Variable> weights) {
    List<Op> added = new ArrayList<>();
    Consumer<Callback> event = callback -> added.addAll(callback.afterUpdate(tf, state, weights));
    tell(first, WHILE_BUILT, event);
    tell(last, WHILE_BUILT, event);
    return added;
  }

  /**
   * Tells them of an event: all that watch, also those after one that throws, and then, unless one
   * threw, those that store what the others keep.
   *
   * @param step the steps taken
   * @throws CallbackException if one threw; others that threw are suppressed in it
   * @throws RuntimeException as {@link DivergenceException}, and one that stores, threw it
   */
  void tell(long step, Consumer<Callback> event) {
    tell(first, after(step), event);
    tell(last, after(step), event);
  }

  /**
   * Tells them that the run starts: first those that store what the others keep, so that nothing is
   * written for a run whose folder another one is using.
   *
   * @throws CallbackException as {@link #tell} does
   */
  void start(long step, Consumer<Callback> event) {
    tell(last, after(step), event);
    allStarted = true;
    tell(first, after(step), event);
  }

  private static String after(long step) {
    return "after step " + step;
  }

  /** Tells those that store what the others keep that the run is stopped. */
  void store(long step, RunHandle run) {
    tell(last, after(step), callback -> callback.onStop(run));
  }

  /** Tells all that were told of the start that the run has ended, whatever they throw. */
  void end(long step, History history) {
    List<Callback> all = new ArrayList<>(allStarted ? first : List.of());
    all.addAll(last);
    tell(all, after(step), callback -> callback.onEnd(history));
  }

  private static void tell(List<Callback> callbacks, String when, Consumer<Callback> event) {
    Throwable failure = null;
    for (Callback callback : callbacks) {
      try {
        event.accept(callback);
      } catch (RuntimeException e) {
        boolean passes = e instanceof DivergenceException || callback.runsLast();
        failure = add(failure, passes ? e : named(callback, when, e));
      } catch (Error e) {
        failure = add(failure, e);
      }
    }
    if (failure != null) {
      Throwables.throwIfUnchecked(failure);
      throw new IllegalStateException(failure);
    }
  }

  private static Throwable add(@Nullable Throwable before, Throwable next) {
    if (before == null) {
      return next;
    }
    boolean hidden = urgency(next) > urgency(before);
    Throwable shown = hidden ? next : before;
    shown.addSuppressed(hidden ? before : next);
    return shown;
  }

  /** An error, and a divergence, which is handled in another way, must not be hidden. */
  private static int urgency(Throwable failure) {
    return failure instanceof Error ? 2 : failure instanceof DivergenceException ? 1 : 0;
  }

  private static CallbackException named(Callback callback, String when, RuntimeException e) {
    return new CallbackException(
        "callback %s failed %s: %s"
            .formatted(
                callback.name(),
                when,
                Messages.printable(e.getMessage() == null ? e : e.getMessage())),
        e);
  }
}
