package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The values of all weights and running statistics of a model at one moment, in row-major order by
 * full name. The arrays are not copied: do not change them.
 */
public final class Weights {
  private final Map<String, float[]> values;

  private Weights(Map<String, float[]> values) {
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** Returns weights with the given values. */
  public static Weights of(Map<String, float[]> values) {
    return new Weights(values);
  }

  /** Returns the values of variables at this moment. */
  static Weights read(GraphSession session, List<Variable> variables) {
    Map<String, float[]> values = new LinkedHashMap<>();
    session.read(variables).forEach((variable, array) -> values.put(variable.name(), array));
    return of(values);
  }

  /** Assigns the values to the variables of their names, in one run. */
  void write(GraphSession session) {
    Map<Variable, float[]> assigned = new LinkedHashMap<>();
    values.forEach((name, array) -> assigned.put(session.variable(name), array));
    session.assign(assigned);
  }

  /** Returns the full names, in the order of the layers. */
  public Set<String> names() {
    return values.keySet();
  }

  /**
   * Returns the values of one weight.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public float[] get(String name) {
    float[] array = values.get(name);
    checkArgument(array != null, "name must be that of a weight, got %s", name);
    return array;
  }

  /** Returns the values by full name. */
  public Map<String, float[]> asMap() {
    return values;
  }
}
