package dev.lamina.model;

import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import dev.lamina.inference.AssignedNetwork;
import dev.lamina.inference.FrozenNetwork;
import dev.lamina.inference.InferenceNetwork;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;

/**
 * Makes the forms of a model that evaluation and prediction run, with the weights of one moment.
 * Where {@linkplain Device#freezesAsConstants the device} gains nothing from constants, a form that
 * is no longer used serves again with other weights.
 */
final class Freezer implements AutoCloseable {
  private final Network network;
  private final GraphSession session;
  private final List<Variable> variables;
  private final Function<Weights, Servable> servable;
  private @Nullable AssignedNetwork spare;
  private boolean closed;

  /**
   * Creates a freezer of a model's weights.
   *
   * @param session the session of the model
   * @param variables its weights and running statistics
   * @param servable returns the model with other weights
   */
  Freezer(
      Network network,
      GraphSession session,
      List<Variable> variables,
      Function<Weights, Servable> servable) {
    this.network = network;
    this.session = session;
    this.variables = variables;
    this.servable = servable;
  }

  /** Returns a form with the weights of now; {@link #release} it. */
  Evaluator freeze() {
    if (session.device().freezesAsConstants()) {
      return freeze(Weights.read(session, variables));
    }
    return assigned(
        form ->
            session.read(
                variables,
                tensors -> {
                  Map<String, TFloat32> weights = new LinkedHashMap<>();
                  tensors.forEach((variable, tensor) -> weights.put(variable.name(), tensor));
                  form.assign(weights);
                }));
  }

  /**
   * Returns a form with other weights; {@link #release} it.
   *
   * @throws IllegalArgumentException if they do not match the network
   * @throws IllegalStateException if the session of the model is closed
   */
  Evaluator freeze(Weights weights) {
    session.checkOpen();
    Servable checked = servable.apply(weights);
    if (session.device().freezesAsConstants()) {
      return evaluator(new FrozenNetwork(checked, session.device()));
    }
    return assigned(form -> assign(form, checked));
  }

  private void assign(AssignedNetwork form, Servable from) {
    Map<String, TFloat32> tensors = new LinkedHashMap<>();
    try {
      network
          .parameters()
          .forEach(
              (name, parameter) ->
                  tensors.put(
                      name,
                      TFloat32.tensorOf(
                          parameter.shape(), DataBuffers.of(from.weight(name), true, false))));
      form.assign(tensors);
    } finally {
      tensors.values().forEach(TFloat32::close);
    }
  }

  private Evaluator assigned(Consumer<AssignedNetwork> assign) {
    AssignedNetwork form = take();
    try {
      assign.accept(form);
      return evaluator(form);
    } catch (RuntimeException e) {
      form.close();
      throw e;
    }
  }

  private synchronized AssignedNetwork take() {
    AssignedNetwork form = spare;
    spare = null;
    return form == null ? new AssignedNetwork(network, session.device().uncompiled()) : form;
  }

  private Evaluator evaluator(InferenceNetwork form) {
    return Evaluator.of(form, network, session.device());
  }

  /** Takes back a form that nobody uses any more, to be used again or freed. */
  synchronized void release(Evaluator evaluator) {
    if (evaluator.form() instanceof AssignedNetwork form && spare == null && !closed) {
      spare = form;
    } else {
      evaluator.close();
    }
  }

  /** Frees what is kept to be used again. */
  @Override
  public synchronized void close() {
    closed = true;
    if (spare != null) {
      spare.close();
      spare = null;
    }
  }
}
