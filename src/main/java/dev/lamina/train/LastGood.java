package dev.lamina.train;

import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import java.util.Map;

/** The last weights of a model that are known to be finite, to return to when training diverges. */
final class LastGood {
  private final Model model;
  private Map<Variable, float[]> weights;

  LastGood(Model model) {
    this.model = model;
    this.weights = model.session().read(model.variables());
  }

  /** Takes the model's weights if they are finite, and says whether they are. */
  boolean update() {
    Map<Variable, float[]> now = model.session().read(model.variables());
    for (float[] values : now.values()) {
      for (float value : values) {
        if (!Float.isFinite(value)) {
          return false;
        }
      }
    }
    weights = now;
    return true;
  }

  void restore() {
    model.session().assign(weights);
  }
}
