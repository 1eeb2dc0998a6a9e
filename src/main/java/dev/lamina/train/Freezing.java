package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Variable;
import dev.lamina.layer.Sequential.Named;
import dev.lamina.model.Model;
import java.util.List;

/**
 * The layers that training leaves alone.
 *
 * @param layers their full names; what is inside them is left alone too
 */
record Freezing(List<String> layers) {
  /** Takes a copy. */
  Freezing {
    layers = List.copyOf(layers);
  }

  /** Whether a layer or a variable, by its full name, is one of them or inside one. */
  boolean covers(String name) {
    return layers.stream().anyMatch(layer -> covers(layer, name));
  }

  private static boolean covers(String layer, String name) {
    return name.equals(layer) || name.startsWith(layer + ".");
  }

  /**
   * Checks that every name is that of a layer with parameters, and that something is left to train.
   */
  void check(Model model) {
    for (String layer : layers) {
      checkArgument(
          model.variables().stream().anyMatch(variable -> covers(layer, variable.name())),
          "freeze must name layers with weights, got \"%s\"; the network has %s",
          layer,
          model.network().body().layers().stream().map(Named::name).toList());
    }
    checkArgument(
        model.variables().stream()
            .filter(variable -> variable.parameter().role().trainable())
            .map(Variable::name)
            .anyMatch(name -> !covers(name)),
        "freeze must leave a layer to train, got %s",
        layers);
  }
}
