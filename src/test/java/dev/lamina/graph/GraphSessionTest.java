package dev.lamina.graph;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lamina.Threads;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class GraphSessionTest {
  private static final Parameter PARAMETER =
      Parameter.of("weight", Shape.of(3, 2), Role.KERNEL, Initializer.zeros());

  @Test
  void whatIsAssignedIsRead() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
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
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Variable a = session.create("a", PARAMETER);
      float[] values = {1, 2, 3, 4, 5, 6};
      session.assign(Map.of(a, values));
      values[0] = 9;
      assertThat(session.fetch(a.read())).containsExactly(1, 2, 3, 4, 5, 6);
    }
  }

  @Test
  void sessionsShareNothing() {
    try (GraphSession one = new GraphSession(Device.cpu());
        GraphSession two = new GraphSession(Device.cpu())) {
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
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Variable a = session.create("a.weight", PARAMETER);
      refused(() -> session.assign(Map.of(a, new float[5])), "a.weight must have 6 values, got 5");
      refused(() -> session.variable("b"), "variable must exist, got b");
      refused(
          () -> session.create("a.weight", PARAMETER), "names must be unique, got a.weight twice");
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
    GraphSession session = new GraphSession(Device.cpu());
    Variable a = session.create("a", PARAMETER);
    session.close();
    session.close();
    Stream.<ThrowingCallable>of(
            session::graph,
            session::ops,
            session::runner,
            session::version,
            () -> session.run(runner -> runner.fetch(a.read())),
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

  @Test
  void close_whileOthersRun_letsThemEndAndRefusesTheNext() throws Exception {
    for (int round = 0; round < 20; round++) {
      GraphSession session = new GraphSession(Device.cpu());
      Ops tf = session.ops();
      Operand<TFloat32> square = tf.fill(tf.constant(new int[] {200, 200}), tf.constant(1f));
      // Some milliseconds, so that a close finds runs under way.
      Operand<TFloat32> slow = tf.linalg.matMul(square, square);
      Threads threads = Threads.start(4, () -> assertThat(session.fetch(slow)).contains(200));
      threads.awaitCalls(4);
      session.close();
      threads
          .failures()
          .forEach(
              e ->
                  assertThat(e)
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessage("the model was closed: build or load it again"));
    }
  }

  @Test
  void close_fromManyThreads_freesOnce() throws Exception {
    GraphSession session = new GraphSession(Device.cpu());
    Graph graph = session.graph();
    ExecutorService closers = Executors.newFixedThreadPool(8);
    for (var closed : closers.invokeAll(Collections.nCopies(8, closing(session)))) {
      closed.get();
    }
    closers.shutdown();
    assertFreed(graph);
  }

  private static Callable<Void> closing(GraphSession session) {
    return () -> {
      session.close();
      return null;
    };
  }

  @Test
  void close_ofAnInterruptedThread_freesAndStaysInterrupted() throws Exception {
    GraphSession session = new GraphSession(Device.cpu());
    Ops tf = session.ops();
    Operand<TFloat32> square = tf.fill(tf.constant(new int[] {600, 600}), tf.constant(1f));
    Operand<TFloat32> slow = tf.linalg.matMul(square, square);
    Session.Runner late = session.runner();
    Threads threads = Threads.start(4, () -> session.fetch(slow));
    threads.awaitCalls(4);
    Thread.currentThread().interrupt();
    session.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThatThrownBy(late::run)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("run() cannot be called on the Session after close()");
    assertThat(threads.failures()).hasSize(4);
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void forgotten_isFreedWithAWarning() throws Exception {
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, UTF_8));
    try {
      Graph graph = forgottenGraph();
      while (!freed(graph)) {
        System.gc();
        Thread.sleep(50);
      }
      assertFreed(graph);
    } finally {
      System.setErr(before);
    }
    assertThat(log.toString(UTF_8))
        .contains(
            "native memory of a model was freed by the garbage collector, which comes late or never;"
                + " close every Model, FrozenNetwork and GraphSession, best by try-with-resources");
  }

  private static Graph forgottenGraph() {
    GraphSession session = new GraphSession(Device.cpu());
    session.create("a", PARAMETER);
    return session.graph();
  }

  private static void assertFreed(Graph graph) {
    assertThat(freed(graph)).isTrue();
  }

  private static boolean freed(Graph graph) {
    try {
      graph.operation("any");
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }

  /** What the Javadoc of a model promises of every single variable. */
  @Test
  void read_whileAnOptimizerUpdates_givesWholeVariables() throws Exception {
    int size = 100_000;
    Parameter large = Parameter.of("w", Shape.of(size), Role.KERNEL, Initializer.zeros());
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Variable weight = session.create("weight", large);
      Variable slot = session.create("slot", large);
      session.assign(Map.of(weight, new float[size], slot, new float[size]));
      Ops tf = session.ops();
      Op update =
          tf.train.resourceApplyMomentum(
              weight.handle(),
              slot.handle(),
              tf.constant(1f),
              tf.fill(tf.constant(new int[] {size}), tf.constant(-1f)),
              tf.constant(0f));
      Threads readers =
          Threads.start(
              3,
              () -> {
                float[] values = session.fetch(weight.read());
                for (float value : values) {
                  if (value != values[0]) {
                    throw new AssertionError(values[0] + " and " + value + " in one read");
                  }
                }
              });
      readers.awaitCalls(3);
      for (int i = 0; i < 500; i++) {
        session.run(runner -> runner.addTarget(update)).close();
      }
      readers.stop();
      assertThat(readers.failures()).isEmpty();
      assertThat(session.fetch(weight.read())).containsOnly(500);
    }
  }
}
