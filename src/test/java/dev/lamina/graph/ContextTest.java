package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Constant;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

class ContextTest {
  private static final Parameter PARAMETER =
      Parameter.of("mean", Shape.of(2), Role.STATISTIC, Initializer.zeros());

  @Test
  void pathsNameOperationsAndVariables() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Variable variable = session.create("layer1.0.mean", PARAMETER);
      Context root = Context.inference(session);
      Context layer = root.child("layer1").child("0");
      assertThat(root.path()).isEmpty();
      assertThat(layer.path()).isEqualTo("layer1.0");
      assertThat(layer.training()).isFalse();
      assertThat(layer.tf().constant(1f).op().name()).isEqualTo("infer/layer1.0/Const");
      assertThat(layer.get("mean").asOutput()).isEqualTo(layer.get("mean").asOutput());
      assertThat(root.reads()).containsOnlyKeys(variable);
      assertThatThrownBy(() -> layer.get("variance"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("variable must exist, got layer1.0.variance");
    }
  }

  @Test
  void statisticsAreCollected() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Variable variable = session.create("norm.mean", PARAMETER);
      session.assign(Map.of(variable, new float[] {1, 2}));
      Context root = training(session);
      assertThat(root.training()).isTrue();
      root.child("norm").setStatistic("mean", session.ops().constant(new float[] {3, 4}));
      assertThat(root.statistics()).containsOnlyKeys(variable);
      assertThat(session.fetch(Objects.requireNonNull(root.statistics().get(variable))))
          .containsExactly(3, 4);
      assertThat(session.fetch(variable.read())).containsExactly(1, 2);
    }
  }

  @Test
  void seedsDifferByLayer() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Context root = training(session);
      long[] a = fetch(session, root.child("a").seed());
      assertThat(a[0]).isEqualTo(3);
      assertThat(a).isEqualTo(fetch(session, root.child("a").seed()));
      assertThat(a).isNotEqualTo(fetch(session, root.child("b").seed()));
    }
  }

  @Test
  void seed_inInference() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      assertThatThrownBy(() -> Context.inference(session).child("drop").seed())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("drop must not draw random numbers in inference");
    }
  }

  @Test
  void ownGradient_takesThePlaceOfThatOfTheOperations() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Context root = training(session);
      Operand<TFloating> x = Floats.asFloating(tf.constant(new float[] {3, 4}));
      Operand<TFloating> square =
          root.backward()
              .withGradient(List.of(x), tf.math.mul(x, x), dy -> List.of(times(tf, dy, 5)));
      var gradients = root.backward().gradients(times(tf, square, 2), List.of(x.asOutput()));
      assertThat(fetchFloats(session, square)).containsExactly(9, 16);
      // Not 2 * 2 x.
      assertThat(fetchFloats(session, gradients.get(x.asOutput()))).containsExactly(10, 10);
    }
  }

  @Test
  void ownGradients_addUpWhereSeveralUseOneResult() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Context root = training(session);
      Operand<TFloating> x = Floats.asFloating(tf.constant(new float[] {3}));
      Operand<TFloating> unused = Floats.asFloating(tf.constant(new float[] {3}));
      Operand<TFloating> square =
          root.backward().withGradient(List.of(x), tf.math.mul(x, x), List::of);
      Operand<TFloating> first =
          root.backward()
              .withGradient(
                  List.of(square, x),
                  times(tf, square, 7),
                  dy -> List.of(times(tf, dy, 10), times(tf, dy, 1000)));
      Operand<TFloating> second =
          root.backward().withGradient(List.of(first), first, dy -> List.of(times(tf, dy, 2)));
      Operand<TFloating> y = tf.math.add(tf.math.add(second, first), times(tf, square, 100));
      var gradients = root.backward().gradients(y, List.of(x.asOutput(), unused.asOutput()));
      // first has 2 + 1; square 3 * 10 + 100, which it hands on as it is; x besides 3 * 1000.
      assertThat(gradients).containsOnlyKeys(x.asOutput());
      assertThat(fetchFloats(session, gradients.get(x.asOutput()))).containsExactly(3130);
    }
  }

  @Test
  void checkpoint_isRematerializedOnceForEachBackwardPass() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Context root = training(session);
      Operand<TFloating> x = Floats.asFloating(tf.constant(new float[] {3}));
      Operand<TFloating> twice = times(tf, x, 2);
      List<Operand<TFloating>> after = new ArrayList<>();
      root.backward()
          .checkpoint(
              twice,
              dy -> {
                after.add(dy);
                return times(tf, tf.withControlDependencies(dy).identity(x), 2);
              });
      Operand<TFloating> own = root.backward().withGradient(List.of(x), twice, List::of);
      Operand<TFloating> same = root.backward().withGradient(List.of(own), own, List::of);
      assertThat(root.backward().isCheckpoint(same)).isTrue();
      assertThat(root.backward().isCheckpoint(x)).isFalse();
      assertThat(root.backward().rematerialized(x, x)).isSameAs(x);
      List<Operand<TFloating>> asked = new ArrayList<>();
      Operand<TFloating> y =
          root.backward()
              .withGradient(
                  List.of(same),
                  tf.math.mul(same, same),
                  dy -> {
                    asked.add(root.backward().rematerialized(same, dy));
                    asked.add(root.backward().rematerialized(own, x));
                    return List.of(tf.math.mul(dy, asked.get(0)));
                  });
      root.backward().gradients(y, List.of(x.asOutput()));
      assertThat(after).hasSize(1);
      assertThat(asked.get(1)).isSameAs(asked.get(0)).isNotSameAs(same);
      assertThat(fetchFloats(session, asked.get(0))).containsExactly(6);
      root.backward().gradients(y, List.of(x.asOutput()));
      assertThat(after).hasSize(2).doesNotHaveDuplicates();
    }
  }

  @Test
  void gradients_refuseWhatWouldBeIncomplete() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Context root = training(session);
      Operand<TFloating> x = Floats.asFloating(tf.constant(new float[] {3}));
      Operand<TFloating> twice = tf.withName("twice").math.mul(x, x);
      Operand<TFloating> own = root.backward().withGradient(List.of(twice, x), twice, List::of);
      assertThatThrownBy(
              () -> root.backward().gradients(own, List.of(twice.asOutput(), x.asOutput())))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("xs must not be computed from each other, but twice is");
      assertThatThrownBy(() -> root.backward().gradients(own, List.of(x.asOutput())))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith("must get one gradient for each of its 2 inputs, got 1");
    }
  }

  @Test
  void ownGradient_isLeftOutInInference() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Operand<TFloating> x = Floats.asFloating(session.ops().constant(1f));
      assertThat(Context.inference(session).backward().withGradient(List.of(x), x, List::of))
          .isSameAs(x);
    }
  }

  private static Operand<TFloating> times(Ops tf, Operand<TFloating> x, float factor) {
    return tf.math.mul(x, Floats.asFloating(tf.constant(factor)));
  }

  private static float[] fetchFloats(GraphSession session, @Nullable Operand<TFloating> operand) {
    return session.fetch(Floats.expectFloat32(Objects.requireNonNull(operand)));
  }

  private static Context training(GraphSession session) {
    Constant<TInt64> seed = session.ops().constant(new long[] {3, 5});
    return Context.training(session, seed, Precision.FLOAT32);
  }

  private static long[] fetch(GraphSession session, Operand<TInt64> operand) {
    try (var result = session.runner().fetch(operand).run()) {
      TInt64 tensor = (TInt64) result.get(0);
      return new long[] {tensor.getLong(0), tensor.getLong(1)};
    }
  }
}
