package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

class GraphSessionTest {
  private static final Parameter PARAMETER =
      Parameter.of("weight", Shape.of(3, 2), Role.KERNEL, Initializer.zeros());

  @Test
  void whatIsAssignedIsRead() {
    try (GraphSession session = new GraphSession()) {
      Variable a = session.create("a.weight", PARAMETER);
      Variable b =
          session.create("b", Parameter.of("bias", Shape.scalar(), Role.BIAS, Initializer.zeros()));
      float[] values = {1, -2, 3.5f, Float.MIN_VALUE, Float.MAX_VALUE, -0f};
      session.assign(Map.of(a, values, b, new float[] {7}));
      session.assign(Map.of(b, new float[] {8}));
      session.assign(Map.of());
      assertThat(session.read(List.of(b, a)))
          .containsExactly(Map.entry(b, new float[] {8}), Map.entry(a, values));
      assertThat(session.read(List.of())).isEmpty();
      assertThat(session.fetch(a.read())).isEqualTo(values);
      assertThat(session.fetch(session.ops().math.neg(b.read()))).containsExactly(-8);
      assertThat(session.variables()).containsExactly(a, b);
      assertThat(session.variable("a.weight")).isEqualTo(a);
    }
  }

  @Test
  void assigning_copies() {
    try (GraphSession session = new GraphSession()) {
      Variable a = session.create("a", PARAMETER);
      float[] values = {1, 2, 3, 4, 5, 6};
      session.assign(Map.of(a, values));
      values[0] = 9;
      assertThat(session.fetch(a.read())).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  @Test
  void sessionsShareNothing() {
    try (GraphSession one = new GraphSession();
        GraphSession two = new GraphSession()) {
      Variable a = one.create("a", PARAMETER);
      Variable b = two.create("a", PARAMETER);
      one.assign(Map.of(a, new float[] {1, 1, 1, 1, 1, 1}));
      two.assign(Map.of(b, new float[] {2, 2, 2, 2, 2, 2}));
      assertThat(one.fetch(a.read())).containsOnly(1);
      assertThat(two.fetch(b.read())).containsOnly(2);
    }
  }

  @Test
  void wrongArguments() {
    try (GraphSession session = new GraphSession()) {
      Variable a = session.create("a.weight", PARAMETER);
      refused(() -> session.assign(Map.of(a, new float[5])), "a.weight must have 6 values, got 5");
      refused(() -> session.variable("b"), "variable must exist, got b");
      refused(() -> session.create("a.weight", PARAMETER), "names must differ, got a.weight twice");
      refused(
          () -> Parameter.of("w", Shape.of(-1, 2), Role.KERNEL, Initializer.zeros()),
          "shape of w must be known, got [-1, 2]");
    }
  }

  private static void refused(ThrowingCallable action, String message) {
    assertThatThrownBy(action).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
  }

  @Test
  void useAfterClose() {
    GraphSession session = new GraphSession();
    Variable a = session.create("a", PARAMETER);
    session.close();
    session.close();
    Stream.<ThrowingCallable>of(
            session::graph,
            session::ops,
            session::runner,
            () -> session.create("b", PARAMETER),
            () -> session.assign(Map.of(a, new float[6])),
            () -> session.read(List.of(a)),
            () -> session.fetch(a.read()))
        .forEach(
            use ->
                assertThatThrownBy(use)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the model was closed: build or load it again"));
  }
}
