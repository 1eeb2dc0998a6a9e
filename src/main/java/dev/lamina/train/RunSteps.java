package dev.lamina.train;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import dev.lamina.step.TrainStep;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleFunction;

/**
 * The training step of a run. The size of the images is part of its graph, so another scale takes
 * another step, which goes on with the state of the one before.
 */
final class RunSteps implements AutoCloseable {
  private final GraphSession session;
  private final DoubleFunction<TrainStep> build;
  private TrainStep step;
  private double scale;

  /**
   * Builds the first step.
   *
   * @param build returns a new step for a scale of the images
   */
  RunSteps(GraphSession session, double scale, DoubleFunction<TrainStep> build) {
    this.session = session;
    this.build = build;
    this.scale = scale;
    step = build.apply(scale);
  }

  /** Returns the step, for the scale that it has. */
  synchronized TrainStep step() {
    return step;
  }

  /** Returns everything that steps change. */
  State state() {
    return step().state();
  }

  /** Takes the step for a scale from now on. To be called between two epochs. */
  void scale(double next) {
    if (next == scale) {
      return;
    }
    Map<String, Variable> before = state().variables();
    Map<Variable, float[]> values = session.read(before.values());
    // Before the other is built, so that never two hold the images.
    step.close();
    replace(build.apply(next));
    Map<Variable, float[]> assigned = new LinkedHashMap<>();
    state()
        .variables()
        .forEach(
            (name, variable) ->
                assigned.put(variable, Objects.requireNonNull(values.get(before.get(name)), name)));
    session.assign(assigned);
    scale = next;
  }

  private synchronized void replace(TrainStep next) {
    if (step.stopRequested()) {
      next.requestStop();
    }
    step = next;
  }

  /** Asks to stop; may be called from any thread. */
  synchronized void requestStop() {
    step.requestStop();
  }

  @Override
  public void close() {
    step.close();
  }
}
