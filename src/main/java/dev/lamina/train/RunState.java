package dev.lamina.train;

import dev.lamina.format.CheckpointWeights;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.State;
import dev.lamina.graph.StateKind;
import dev.lamina.graph.Variable;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Weights;
import dev.lamina.step.DivergenceException;
import dev.lamina.step.EpochSums;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state of a run other than its variables: position, sums and history. Checkpoints contain
 * both.
 */
final class RunState {
  /** Variables that a checkpoint may lack: they are reset, or set in every step. */
  private static final Set<StateKind> MAY_BE_MISSING =
      Set.of(StateKind.COUNTER, StateKind.SCHEDULED, StateKind.CALLBACK);

  final List<Epoch> done = new ArrayList<>();
  private final Map<String, CallbackState> callbacks = new LinkedHashMap<>();

  /**
   * The names of the callbacks that take part in this run, and others that were asked for. A state
   * under another name belongs to a callback that takes no part, and is not stored again.
   */
  private final Set<String> used;

  long step;
  double learningRateScale = 1;

  private final GraphSession session;
  private final Supplier<State> variables;
  private final Supplier<Map<String, String>> configuration;
  private final int stepsPerEpoch;
  private long epochStart = System.nanoTime();

  /**
   * Creates the state before the first step.
   *
   * @param taking the names of the callbacks that take part
   */
  RunState(
      GraphSession session,
      Supplier<State> variables,
      Supplier<Map<String, String>> configuration,
      int stepsPerEpoch,
      Collection<String> taking) {
    this.session = session;
    this.variables = variables;
    this.configuration = configuration;
    this.stepsPerEpoch = stepsPerEpoch;
    used = new HashSet<>(taking);
  }

  boolean betweenEpochs() {
    return step == (long) done.size() * stepsPerEpoch;
  }

  void startEpoch() {
    epochStart = System.nanoTime();
  }

  /** Returns the time of the running epoch so far, in seconds. */
  double seconds() {
    return (System.nanoTime() - epochStart) / 1e9;
  }

  /** Returns what a callback keeps under a name. */
  CallbackState callback(String name) {
    used.add(CallbackState.check(name));
    return callbacks.computeIfAbsent(name, key -> new CallbackState());
  }

  /**
   * Ends the running epoch and tells of it. If that fails, the state is restored, so that a resumed
   * run tells of the epoch again.
   */
  void endEpoch(Epoch epoch, Runnable tell) {
    Map<String, CallbackState> before = new LinkedHashMap<>();
    callbacks.forEach((name, state) -> before.put(name, state.copy()));
    double scale = learningRateScale;
    done.add(epoch);
    try {
      tell.run();
    } catch (RuntimeException e) {
      done.remove(done.size() - 1);
      learningRateScale = scale;
      callbacks.clear();
      callbacks.putAll(before);
      throw e;
    }
  }

  /**
   * Returns a checkpoint of the current state.
   *
   * @param sums the sums of the running epoch; zeros between two epochs
   * @param learningRate the learning rate of the last step
   * @param model the description of the model
   * @param evaluated the weights that are evaluated, if not those that are trained
   * @throws DivergenceException if a variable is not finite
   */
  Checkpoint checkpoint(
      EpochSums sums, double learningRate, Map<String, String> model, Optional<Weights> evaluated) {
    Map<String, Variable> all = variables.get().variables();
    Map<Variable, float[]> values = session.read(all.values());
    if (!GraphSession.allFinite(values)) {
      throw new DivergenceException(step - 1, learningRate, "");
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    all.forEach(
        (name, variable) ->
            tensors.put(name, tensor(variable, Objects.requireNonNull(values.get(variable)))));
    evaluated.ifPresent(
        weights ->
            weights
                .asMap()
                .forEach(
                    (name, array) ->
                        tensors.put(
                            CheckpointWeights.EVALUATED + name,
                            tensor(session.variable(name), array))));
    Map<String, CallbackState> copies = new LinkedHashMap<>();
    callbacks.forEach(
        (name, state) -> {
          if (used.contains(name)) {
            copies.put(name, state.copy());
          }
        });
    Checkpoint.Progress progress =
        new Checkpoint.Progress(
            step,
            sums,
            betweenEpochs() ? 0 : seconds(),
            new History(done),
            learningRateScale,
            copies);
    return new Checkpoint(CheckpointFile.VERSION, progress, configuration.get(), tensors, model);
  }

  private static Tensor tensor(Variable variable, float[] values) {
    return Tensor.of(variable.parameter().shape().asArray(), values);
  }

  /**
   * Restores the state of a checkpoint.
   *
   * @throws LaminaException if the checkpoint does not fit
   */
  void restore(Checkpoint checkpoint) {
    Map<Variable, float[]> values = new LinkedHashMap<>();
    variables
        .get()
        .variables()
        .forEach(
            (name, variable) -> {
              Tensor saved = checkpoint.tensors().get(name);
              if (saved != null || !MAY_BE_MISSING.contains(variable.kind())) {
                values.put(variable, floats(name, variable, saved));
              }
            });
    Checkpoint.Progress progress = checkpoint.progress();
    long first = (long) progress.history().epochs().size() * stepsPerEpoch;
    if (progress.step() < first || progress.step() > first + stepsPerEpoch) {
      throw new LaminaException(
          "the checkpoint must be of a step from %s to %s, as its history says, is of %s; use another"
              .formatted(first, first + stepsPerEpoch, progress.step()));
    }
    session.assign(values);
    step = progress.step();
    done.addAll(progress.history().epochs());
    learningRateScale = progress.learningRateScale();
    progress.callbacks().forEach((name, state) -> callbacks.put(name, state.copy()));
    epochStart = System.nanoTime() - (long) (progress.seconds() * 1e9);
  }

  private static float[] floats(String name, Variable variable, @Nullable Tensor saved) {
    long[] shape = variable.parameter().shape().asArray();
    if (saved == null || !Arrays.equals(saved.shape(), shape)) {
      throw new LaminaException(
          "the checkpoint must have %s of shape %s, has %s; use the optimizer that it was made with"
              .formatted(
                  name,
                  Arrays.toString(shape),
                  saved == null ? "none" : Arrays.toString(saved.shape())));
    }
    return saved.floats();
  }
}
