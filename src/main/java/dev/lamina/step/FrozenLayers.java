package dev.lamina.step;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Sequential.Named;
import dev.lamina.model.Model;
import java.util.List;

/**
 * The layers that are not trained.
 *
 * @param layers their full names; the layers inside them are not trained either
 * @param between the full names of layers without weights, such as dropout, that compute with them
 *     as in inference
 */
public record FrozenLayers(List<String> layers, List<String> between) {
  /** Copies the lists. */
  public FrozenLayers {
    layers = List.copyOf(layers);
    between = List.copyOf(between);
  }

  /**
   * Returns whether the full name of a layer or a variable is that of one of them or inside one.
   */
  public boolean contains(String name) {
    return between.contains(name)
        || layers.stream().anyMatch(layer -> Context.contains(layer, name));
  }

  /**
   * Checks that every name is that of a layer with parameters, and that something is left to train.
   */
  public void check(Model model) {
    for (String layer : layers) {
      checkArgument(
          model.variables().stream().anyMatch(variable -> isIn(layer, variable)),
          "freeze must name layers with weights, got \"%s\"; the network has %s",
          layer,
          model.network().body().layers().stream().map(Named::name).toList());
    }
    checkArgument(
        model.variables().stream()
            .filter(variable -> variable.parameter().role().trainable())
            .map(Variable::name)
            .anyMatch(name -> !contains(name)),
        layers.isEmpty()
            ? "network must have weights to train, got none; add a layer with some"
            : "freeze must leave a layer to train, got " + layers);
  }

  /** Returns whether a variable stays if a layer, or the variable by its own name, is frozen. */
  private static boolean isIn(String layer, Variable variable) {
    boolean own = variable.name().equals(layer);
    // Statistics stay with their layer only; one without a name is given by its parameters.
    return own
        ? variable.parameter().role().trainable() || !layer.contains(".")
        : Context.contains(layer, variable.name());
  }
}
