package dev.lamina.optimizer;

import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Role;
import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;

/** Steps of an optimizer on parameters whose gradients are given. */
final class OptimizerRun {
  /**
   * A parameter: its full name, which ends in that inside its layer, and the gradient of each step.
   */
  static final class Weight {
    private final String name;
    private final Role role;
    private final long[] shape;
    private final double[] initial;
    private final double[][] gradients;

    Weight(String name, Role role, long[] shape, double[] initial, double[][] gradients) {
      this.name = name;
      this.role = role;
      this.shape = shape;
      this.initial = initial;
      this.gradients = gradients;
    }

    String name() {
      return name;
    }

    Role role() {
      return role;
    }

    long[] shape() {
      return shape;
    }

    double[] initial() {
      return initial;
    }

    double[][] gradients() {
      return gradients;
    }

    /** Returns a parameter with uniformly distributed values and gradients. */
    static Weight random(String name, int steps, Role role, long... shape) {
      int size = Math.toIntExact(Shape.of(shape).size());
      Random random = new Random(name.hashCode());
      double[][] gradients = new double[steps][];
      Arrays.setAll(gradients, t -> random.doubles(size, -1.5, 1.5).toArray());
      return new Weight(name, role, shape, random.doubles(size, -2, 2).toArray(), gradients);
    }
  }

  private OptimizerRun() {}

  /**
   * Returns each weight's values after each step of a training in float32.
   *
   * @param rates the learning rate of each step
   * @param momenta the momentum of each step
   */
  static List<Map<String, double[]>> of(
      Optimizer optimizer,
      List<ParameterGroup> groups,
      List<Weight> weights,
      double[] rates,
      double[] momenta) {
    return of(optimizer, groups, weights, rates, momenta, Precision.FLOAT32);
  }

  /** Returns the same of a training in another number format. */
  static List<Map<String, double[]>> of(
      Optimizer optimizer,
      List<ParameterGroup> groups,
      List<Weight> weights,
      double[] rates,
      double[] momenta,
      Precision precision) {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Map<Weight, Variable> variables = new LinkedHashMap<>();
      Map<Variable, Operand<TFloat32>> values = new LinkedHashMap<>();
      Map<Variable, Operand<TFloat32>> gradients = new LinkedHashMap<>();
      for (Weight weight : weights) {
        Variable variable = session.create(weight.name, parameter(weight));
        session.assign(Map.of(variable, floats(weight.initial)));
        variables.put(weight, variable);
        values.put(variable, session.ops().readVariableOp(variable.handle(), TFloat32.class));
        gradients.put(
            variable,
            session.ops().placeholder(TFloat32.class, Placeholder.shape(Shape.of(weight.shape))));
      }
      State state = new State(session, variables.values());
      BuiltOptimizer built =
          BuiltOptimizer.build(
              optimizer, groups, state, session.ops(), precision, List.of(), values, gradients);
      state.clear();
      List<Map<String, double[]>> results = new ArrayList<>();
      for (int t = 0; t < rates.length; t++) {
        List<TFloat32> fed = new ArrayList<>();
        Session.Runner runner = session.runner();
        for (Weight weight : weights) {
          Operand<TFloat32> gradient = Objects.requireNonNull(gradients.get(variables.get(weight)));
          feed(runner, gradient, Shape.of(weight.shape), floats(weight.gradients[t]), fed);
        }
        scalar(runner, built.learningRate(), rates[t], fed);
        scalar(runner, built.momentum(), momenta[t], fed);
        built.operations().forEach(runner::addTarget);
        runner.run().close();
        fed.forEach(TFloat32::close);
        Map<String, double[]> now = new LinkedHashMap<>();
        session
            .read(variables.values())
            .forEach((variable, read) -> now.put(variable.name(), doubles(read)));
        results.add(now);
      }
      return results;
    }
  }

  private static Parameter parameter(Weight weight) {
    String name = weight.name.substring(weight.name.lastIndexOf('.') + 1);
    return Parameter.of(name, Shape.of(weight.shape), weight.role, Initializer.zeros());
  }

  private static void scalar(
      Session.Runner runner, Variable variable, double value, List<TFloat32> fed) {
    feed(runner, variable.value(), Shape.scalar(), new float[] {(float) value}, fed);
  }

  private static void feed(
      Session.Runner runner,
      Operand<TFloat32> placeholder,
      Shape shape,
      float[] values,
      List<TFloat32> fed) {
    TFloat32 tensor = TFloat32.tensorOf(shape, DataBuffers.of(values, true, false));
    fed.add(tensor);
    runner.feed(placeholder, tensor);
  }

  static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }
}
