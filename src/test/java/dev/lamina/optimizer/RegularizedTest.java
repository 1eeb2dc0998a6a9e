package dev.lamina.optimizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Role;
import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.framework.regularizers.L1;
import org.tensorflow.framework.regularizers.L1L2;
import org.tensorflow.framework.regularizers.L2;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The framework's regularizers against their equations. */
class RegularizedTest {
  private static final double[] KERNEL = {1, -2, 0.5, -0.25};
  private static final double[] BIAS = {-0.75, 2};
  private static final double[] KERNEL_GRADIENT = {0.5, -1.5, 2, 0.125};
  private static final double[] BIAS_GRADIENT = {1, -3};
  private static final double RATE = 0.1;
  private static final double MOMENTUM = 0.5;

  @Test
  void l1AndL2_areAddedToTheGradientsOfKernels() {
    check(Regularized.of(Sgd.create(), new L1(0.3f)), 0.3, 0, 0, 0);
    check(Regularized.of(Sgd.create(), new L2(0.2f)), 0, 0.2, 0, 0);
    check(Regularized.of(Sgd.create(), new L1L2(0.3f, 0.2f)), 0.3, 0.2, 0, 0);
  }

  @Test
  void penalty_isAddedBesideWeightDecay_andGoesThroughMomentum() {
    check(
        Regularized.of(MomentumOptimizer.of(0.9).weightDecay(0.15), new L1(0.3f)),
        0.3,
        0,
        0.15,
        MOMENTUM);
    assertThat(Regularized.of(MomentumOptimizer.of(0.9), new L1(0.3f)).momentum()).isEqualTo(0.9);
  }

  /** Two steps with equal gradients. */
  private static void check(
      Optimizer optimizer, double l1, double l2, double decay, double momentum) {
    double[] kernel = KERNEL.clone();
    double[] bias = BIAS.clone();
    double[] kernelVelocity = new double[kernel.length];
    double[] biasVelocity = new double[bias.length];
    for (int t = 0; t < 2; t++) {
      for (int i = 0; i < kernel.length; i++) {
        double w = kernel[i];
        double g = KERNEL_GRADIENT[i] + decay * w + l1 * Math.signum(w) + 2 * l2 * w;
        kernelVelocity[i] = momentum * kernelVelocity[i] + g;
        kernel[i] -= RATE * kernelVelocity[i];
      }
      for (int i = 0; i < bias.length; i++) {
        biasVelocity[i] = momentum * biasVelocity[i] + BIAS_GRADIENT[i] + decay * bias[i];
        bias[i] -= RATE * biasVelocity[i];
      }
    }
    double[][] actual = run(optimizer);
    assertThat(actual[0]).containsExactly(kernel, Offset.offset(1e-6));
    assertThat(actual[1]).containsExactly(bias, Offset.offset(1e-6));
  }

  private static double[][] run(Optimizer optimizer) {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Variable kernel = variable(session, "kernel", Role.KERNEL, Shape.of(2, 2));
      Variable bias = variable(session, "bias", Role.BIAS, Shape.of(2));
      session.assign(Map.of(kernel, floats(KERNEL), bias, floats(BIAS)));
      Ops tf = session.ops();
      Map<Variable, Operand<TFloat32>> values = new LinkedHashMap<>();
      for (Variable variable : List.of(kernel, bias)) {
        values.put(variable, tf.readVariableOp(variable.handle(), TFloat32.class));
      }
      Map<Variable, Operand<TFloat32>> gradients = new LinkedHashMap<>();
      gradients.put(
          kernel, tf.reshape(tf.constant(floats(KERNEL_GRADIENT)), tf.constant(new int[] {2, 2})));
      gradients.put(bias, tf.constant(floats(BIAS_GRADIENT)));
      try (State state = new State(session, List.of(kernel, bias));
          TFloat32 rate = TFloat32.scalarOf((float) RATE);
          TFloat32 momentum = TFloat32.scalarOf((float) MOMENTUM)) {
        BuiltOptimizer built =
            BuiltOptimizer.build(
                optimizer, List.of(), state, tf, Precision.FLOAT32, List.of(), values, gradients);
        state.clear();
        for (int t = 0; t < 2; t++) {
          session
              .run(
                  runner -> {
                    runner.feed(built.learningRate().value(), rate);
                    runner.feed(built.momentum().value(), momentum);
                    built.operations().forEach(runner::addTarget);
                  })
              .close();
        }
      }
      Map<Variable, float[]> now = session.read(List.of(kernel, bias));
      return new double[][] {
        doubles(now.getOrDefault(kernel, new float[0])),
        doubles(now.getOrDefault(bias, new float[0]))
      };
    }
  }

  private static Variable variable(GraphSession session, String name, Role role, Shape shape) {
    return session.create(name, Parameter.of(name, shape, role, Initializer.zeros()));
  }

  private static float[] floats(double[] values) {
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
