package dev.lamina.graph;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.torture.JavaProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** What TensorFlow's native code writes to standard error in a program of its own. */
class NativeLogTest {
  /** The environment of a terminal, where a program prints between its sessions. */
  private static String errors(Object... args) throws IOException, InterruptedException {
    ProcessBuilder builder = JavaProcess.of(NativeLogTest.class, args);
    Map<String, String> environment = builder.environment();
    environment.remove("TF_CPP_MIN_LOG_LEVEL");
    // With oneDNN, TensorFlow writes a line while it is loaded.
    environment.put("TF_ENABLE_ONEDNN_OPTS", "0");
    Process process = builder.start();
    String errors = new String(process.getErrorStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(errors).isZero();
    return errors;
  }

  /** Uses a session of Lamina, and one of TensorFlow Java. */
  public static void main(String[] args) {
    if (args.length > 0) {
      System.setProperty("lamina.log", args[0]);
    }
    System.err.println("before");
    try (GraphSession session = new GraphSession(Device.cpu())) {
      System.err.println("between on " + session.device());
    }
    compile();
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      var product = tf.math.mul(tf.constant(2f), tf.constant(3f));
      try (var result = session.runner().fetch(product).run()) {
        System.err.println(((TFloat32) result.get(0)).getFloat());
      }
    }
  }

  /** Has XLA compile for the first time. */
  private static void compile() {
    try (GraphSession session = new GraphSession(Device.cpu());
        TFloat32 value = TFloat32.tensorOf(Shape.of(1, 1024), x -> x.setFloat(3, 0, 0))) {
      Ops tf = session.ops();
      Context context =
          Context.training(session, tf.constant(new long[] {1, 2}), Precision.FLOAT32);
      Operand<TFloating> x =
          Floats.asFloating(tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 1024))));
      Operand<TFloating> y = Fused.of(context, x, "negative").op("Neg", x);
      try (var result = session.run(runner -> runner.feed(x, value).fetch(y))) {
        System.err.println(((TFloat32) result.get(0)).getFloat(0, 0));
      }
    }
  }

  @Test
  void nothing() throws Exception {
    assertThat(errors()).isEqualTo("before\nbetween on cpu\n-3.0\n6.0\n");
  }

  /** The descriptor's number is then that of another file, such as a jar. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void closedStandardError() throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" 2>&-", "sh"));
    ProcessBuilder builder = JavaProcess.of(NativeLogTest.class);
    command.addAll(builder.command());
    builder.environment().remove("TF_CPP_MIN_LOG_LEVEL");
    assertThat(builder.command(command).start().waitFor()).isZero();
  }

  @Test
  void everything_onRequest() throws Exception {
    assertThat(errors("info"))
        .startsWith("before\n")
        .contains("cpu_feature_guard", "absl::InitializeLog()", "mlir_graph_optimization_pass")
        .containsOnlyOnce("Compiled cluster using XLA!")
        .endsWith("6.0\n");
  }
}
