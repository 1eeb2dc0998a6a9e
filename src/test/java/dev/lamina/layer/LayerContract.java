package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/** What must hold for every layer. */
final class LayerContract {
  private static final int BATCH = 3;

  /** Half the distance of a central difference. */
  private static final float STEP = 1e-2f;

  private LayerContract() {}

  /** Checks a layer that does the same in training and in inference. */
  static void check(Layer layer, Shape input, String... parameters) {
    try (BuiltLayer built = new BuiltLayer(layer, input)) {
      check(layer, built, parameters);
      float[] x = inputs(BATCH, input);
      assertThat(built.train(x, 1)).isEqualTo(built.infer(x));
    }
  }

  /** Checks a layer that does something else in training. */
  static void checkWithPhases(Layer layer, Shape input, String... parameters) {
    try (BuiltLayer built = new BuiltLayer(layer, input)) {
      check(layer, built, parameters);
      float[] x = inputs(BATCH, input);
      assertThat(built.train(x, 1)).isNotEqualTo(built.infer(x));
    }
  }

  private static void check(Layer layer, BuiltLayer built, String... parameters) {
    GradientCheck.verify(layer, built.input);
    built.assignRandomValues(1);
    checkNames(built, parameters);
    checkShapes(layer, built);
    float[] x = inputs(BATCH, built.input);
    assertThat(built.infer(x)).isEqualTo(built.infer(x)).doesNotContain(Float.NaN);
    checkRestore(layer, built);
    checkGradients(built);
  }

  /** The variables are those that are expected, and each is used in both phases. */
  private static void checkNames(BuiltLayer built, String... parameters) {
    assertThat(built.variables).extracting(Variable::name).containsExactly(parameters);
    assertThat(built.session.variables()).isEqualTo(built.variables);
    assertThat(built.training.reads().keySet())
        .containsExactlyInAnyOrderElementsOf(built.variables);
    assertThat(built.inference.reads().keySet())
        .containsExactlyInAnyOrderElementsOf(built.variables);
  }

  private static void checkShapes(Layer layer, BuiltLayer built) {
    for (int batch : new int[] {1, BATCH}) {
      Shape predicted = layer.outputShape(built.input).prepend(batch);
      float[] x = inputs(batch, built.input);
      assertThat(built.shape(built.inferred, x)).isEqualTo(predicted);
      assertThat(built.shape(built.trained, x)).isEqualTo(predicted);
    }
  }

  /** Values that are read and assigned elsewhere give the same output. */
  private static void checkRestore(Layer layer, BuiltLayer built) {
    float[] x = inputs(BATCH, built.input);
    Map<String, float[]> saved = new LinkedHashMap<>();
    built.session.read(built.variables).forEach((v, values) -> saved.put(v.name(), values));
    try (BuiltLayer other = new BuiltLayer(layer, built.input)) {
      other.assignRandomValues(2);
      if (!saved.isEmpty()) {
        assertThat(other.infer(x)).isNotEqualTo(built.infer(x));
      }
      other.assign(saved);
      assertThat(other.infer(x)).isEqualTo(built.infer(x));
    }
  }

  /** The input's gradient and every trainable parameter's, in training. */
  private static void checkGradients(BuiltLayer built) {
    List<Variable> trainable =
        built.variables.stream().filter(v -> v.parameter().role().trainable()).toList();
    List<Output<?>> sources = new ArrayList<>();
    trainable.forEach(
        v -> sources.add(Objects.requireNonNull(built.training.reads().get(v)).asOutput()));
    sources.add(built.x.asOutput());
    Placeholder<TFloat32> projection =
        built.session.ops().placeholder(TFloat32.class, Placeholder.shape(built.trained.shape()));
    Ops tf = built.session.ops();
    Map<Output<?>, Operand<TFloating>> gradients =
        built.training.backward().gradients(tf.math.mul(built.trained, projection), sources);
    float[] x = inputs(BATCH, built.input);
    float[] weights = weights(built.train(x, 1).length);
    for (int i = 0; i < trainable.size(); i++) {
      Variable variable = trainable.get(i);
      float[] original = built.value(variable.name());
      checkGradient(
          variable.name(),
          original,
          gradient(
              built, Objects.requireNonNull(gradients.get(sources.get(i))), projection, x, weights),
          moved -> {
            built.session.assign(Map.of(variable, moved));
            return project(built.train(x, 1), weights);
          });
      built.session.assign(Map.of(variable, original));
    }
    checkGradient(
        "input",
        x,
        gradient(
            built,
            Objects.requireNonNull(gradients.get(built.x.asOutput())),
            projection,
            x,
            weights),
        moved -> project(built.train(moved, 1), weights));
  }

  private interface Projected {
    double at(float[] values);
  }

  /**
   * Compares with central differences: single coordinates, and random directions of length 1.
   *
   * <p>Tolerance: values are around 1 and sums have some hundred terms, so that the projection
   * carries a rounding error of about 100 x 6e-8 = 6e-6 at most, which the division by 2 x STEP
   * makes 3e-4; the truncation error STEP^2 / 6 x third derivative is 2e-5 x a few. A wrong
   * gradient is off by its own size: the gradients are around 1.
   */
  private static void checkGradient(
      String name, float[] point, float[] gradient, Projected function) {
    SplittableRandom random = new SplittableRandom(5);
    double size = Math.sqrt(dot(gradient, gradient));
    List<float[]> directions = new ArrayList<>();
    random
        .ints(0, point.length)
        .distinct()
        .limit(Math.min(point.length, 12))
        .forEach(
            i -> {
              float[] direction = new float[point.length];
              direction[i] = 1;
              directions.add(direction);
            });
    for (int i = 0; i < 2; i++) {
      float[] direction = new float[point.length];
      for (int j = 0; j < direction.length; j++) {
        direction[j] = (float) random.nextGaussian();
      }
      double length = Math.sqrt(dot(direction, direction));
      for (int j = 0; j < direction.length; j++) {
        direction[j] /= (float) length;
      }
      directions.add(direction);
    }
    for (float[] direction : directions) {
      double difference =
          function.at(moved(point, direction, STEP)) - function.at(moved(point, direction, -STEP));
      assertThat(difference / (2 * STEP))
          .as("gradient of %s", name)
          .isCloseTo(dot(gradient, direction), within(5e-4 + 1e-3 * size));
    }
  }

  private static float[] moved(float[] point, float[] direction, float step) {
    float[] moved = point.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += step * direction[i];
    }
    return moved;
  }

  private static float[] gradient(
      BuiltLayer built,
      Operand<TFloating> gradient,
      Operand<TFloat32> projection,
      float[] x,
      float[] weights) {
    Shape shape = built.shape(built.trained, x);
    try (TFloat32 batch = built.batch(x);
        TInt64 key = TInt64.vectorOf(7, 1);
        TFloat32 fed = TFloat32.tensorOf(shape, DataBuffers.of(weights, true, false));
        var result = built.feed(batch, key).feed(projection, fed).fetch(gradient).run()) {
      return GraphSession.floats(result.get(0));
    }
  }

  /**
   * Values in [-2, 2] that differ from one another, and from 0, by more than a step (for up to 300
   * of them), so that no difference reaches over a kink of a maximum or of a function that bends at
   * 0.
   */
  static float[] inputs(int batch, Shape shape) {
    int size = Math.toIntExact(batch * shape.size());
    List<Float> values = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      int pair = i / 2;
      double magnitude = 0.3 + 3.4 * pair / size;
      values.add((float) (i % 2 == 0 ? magnitude : -magnitude));
    }
    Collections.shuffle(values, new Random(3));
    float[] array = new float[size];
    for (int i = 0; i < size; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  private static float[] weights(int size) {
    SplittableRandom random = new SplittableRandom(4);
    float[] weights = new float[size];
    for (int i = 0; i < size; i++) {
      weights[i] = (float) (random.nextDouble(0.5, 1.5) * (random.nextBoolean() ? 1 : -1));
    }
    return weights;
  }

  private static double project(float[] values, float[] weights) {
    return dot(values, weights);
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
