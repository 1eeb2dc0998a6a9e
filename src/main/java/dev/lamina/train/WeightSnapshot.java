package dev.lamina.train;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import java.util.Map;

/**
 * The last weights of a model that are known to be finite, which are restored if training diverges.
 */
final class WeightSnapshot {
  private final Model model;
  private Map<Variable, float[]> weights;
  private String origin;

  /**
   * Copies the current weights.
   *
   * @param origin a description of these weights, for messages
   */
  WeightSnapshot(Model model, String origin) {
    this.model = model;
    this.weights = model.session().read(model.variables());
    this.origin = origin;
  }

  /** Copies the model's weights if they are finite; returns whether they are. */
  boolean update(String origin) {
    Map<Variable, float[]> now = model.session().read(model.variables());
    if (!GraphSession.allFinite(now)) {
      return false;
    }
    weights = now;
    this.origin = origin;
    return true;
  }

  /** Assigns the weights to the model and returns their description. */
  String restore() {
    model.session().assign(weights);
    return origin;
  }
}
