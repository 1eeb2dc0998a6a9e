package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collection;
import java.util.function.Predicate;
import org.tensorflow.ndarray.Shape;

/**
 * A parameter that a layer declares: a value, not yet a variable of a graph.
 *
 * @param name the name inside the layer, in PyTorch's terms: {@code weight}, {@code bias}, {@code
 *     running_mean}, ...
 * @param shape its shape in TensorFlow's layout
 * @param role its purpose
 * @param initializer computes its initial values
 * @param fanIn the number of inputs that one output of the layer sums over
 * @param fanOut the number of outputs that one input of the layer contributes to
 */
public record Parameter(
    String name, Shape shape, Role role, Initializer initializer, long fanIn, long fanOut) {
  /** Checks that every dimension of the shape is known. */
  public Parameter {
    checkArgument(!shape.hasUnknownDimension(), "shape of %s must be known, got %s", name, shape);
  }

  /** Returns the number of scalars. */
  public long size() {
    return shape.size();
  }

  /** Returns the number of scalars of all parameters of some roles. */
  public static long size(Collection<Parameter> parameters, Predicate<Role> roles) {
    return parameters.stream()
        .filter(parameter -> roles.test(parameter.role()))
        .mapToLong(Parameter::size)
        .sum();
  }

  /** Returns a parameter whose initial values do not depend on its fans, which are 1. */
  public static Parameter of(String name, Shape shape, Role role, Initializer initializer) {
    return new Parameter(name, shape, role, initializer, 1, 1);
  }
}
