package dev.lamina.train;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import java.util.Map;

/** The last weights of a model that are known to be finite, to return to when training diverges. */
final class LastGood {
  private final Model model;
  private Map<Variable, float[]> weights;
  private String origin;

  /**
   * Takes the weights of this moment.
   *
   * @param origin whose they are, in words
   */
  LastGood(Model model, String origin) {
    this.model = model;
    this.weights = model.session().read(model.variables());
    this.origin = origin;
  }

  /** Takes the model's weights if they are finite, and says whether they are. */
  boolean update(String origin) {
    Map<Variable, float[]> now = model.session().read(model.variables());
    if (!GraphSession.allFinite(now)) {
      return false;
    }
    weights = now;
    this.origin = origin;
    return true;
  }

  /** Gives the weights back to the model, and says whose they are. */
  String restore() {
    model.session().assign(weights);
    return origin;
  }
}
