package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Golden;
import dev.lamina.Golden.Tensor;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Sequential.Named;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TFloating;

/** The flagship against PyTorch: activations, logits, losses, gradients, running statistics. */
class ForwardBackwardParityTest {
  private static final Map<String, Tensor> GOLDEN = Golden.tensors("forward_backward.safetensors");
  private static Model model;
  private static ImageSet set;

  @BeforeAll
  static void load() {
    model = GoldenModel.load(Golden.at(GOLDEN, "images"));
    set =
        GoldenModel.images(
            Golden.at(GOLDEN, "images"),
            Golden.at(GOLDEN, "labels").longs(),
            model.network().classes());
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void inference_logits() {
    float[][] rows = model.logits(set);
    float[] flat = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * rows[0].length, rows[0].length);
    }
    assertClose("logits_eval", flat, Golden.at(GOLDEN, "logits_eval").floats(), 1e-5);
  }

  @Test
  void inference_activations() {
    int count = (int) Golden.at(GOLDEN, "act.conv1").shape()[0];
    GraphSession session = model.session();
    Context context = Context.inference(session);
    try (TUint8 images = pixels(count)) {
      Operand<TUint8> input = placeholder(session);
      Ops tf = session.ops();
      Operand<TFloating> value =
          Floats.asFloating(tf.math.div(tf.dtypes.cast(input, TFloat32.class), tf.constant(255f)));
      for (Named named : model.network().body().layers()) {
        value = named.layer().apply(context.child(named.name()), value);
        Tensor expected = GOLDEN.get("act." + named.name());
        if (expected != null) {
          Operand<TFloat32> planar =
              tf.linalg.transpose(Floats.expectFloat32(value), tf.constant(new int[] {0, 3, 1, 2}));
          try (var result = session.runner().feed(input, images).fetch(planar).run()) {
            assertClose(named.name(), GraphSession.floats(result.get(0)), expected.floats(), 1e-5);
          }
        }
      }
    }
  }

  @Test
  void training_lossGradientsAndStatistics() {
    GraphSession session = model.session();
    Ops tf = session.ops();
    Map<String, float[]> before = GoldenModel.values(model);
    try (TUint8 images = pixels(set.size());
        TInt32 labels = TInt32.vectorOf(set.labels())) {
      Operand<TUint8> input = placeholder(session);
      Operand<TInt32> classes = tf.placeholder(TInt32.class);
      Context context =
          Context.training(
              session,
              tf.constant(new long[] {1, 2}).asOutput().expect(TInt64.class),
              Precision.FLOAT32);
      Operand<TFloat32> logits = model.network().apply(context, input);
      Operand<TFloat32> targets =
          tf.oneHot(
              classes,
              tf.constant(Math.toIntExact(logits.shape().get(1))),
              tf.constant(1f),
              tf.constant(0f));
      Operand<TFloat32> loss =
          tf.math.mean(CrossEntropy.create().apply(tf, logits, targets), tf.constant(0));
      Operand<TFloat32> smoothed =
          tf.math.mean(
              CrossEntropy.create().labelSmoothing(0.1).apply(tf, logits, targets), tf.constant(0));
      List<Variable> trained =
          context.reads().keySet().stream()
              .filter(variable -> variable.parameter().role().trainable())
              .toList();
      List<Output<TFloat32>> reads =
          context.reads().entrySet().stream()
              .filter(read -> read.getKey().parameter().role().trainable())
              .map(read -> read.getValue().asOutput())
              .toList();
      var gradients = context.backward().gradients(loss, reads);
      Session.Runner runner =
          session
              .runner()
              .feed(input, images)
              .feed(classes, labels)
              .fetch(logits)
              .fetch(loss)
              .fetch(smoothed);
      for (Output<TFloat32> read : reads) {
        runner.fetch(Objects.requireNonNull(gradients.get(read)));
      }
      context
          .statistics()
          .forEach(
              (variable, value) -> runner.addTarget(tf.assignVariableOp(variable.handle(), value)));
      List<float[]> fetched = new ArrayList<>();
      try (var result = runner.run()) {
        for (int i = 0; i < 3 + reads.size(); i++) {
          fetched.add(GraphSession.floats(result.get(i)));
        }
      }
      assertClose("logits_train", fetched.get(0), Golden.at(GOLDEN, "logits_train").floats(), 1e-5);
      assertClose("loss", fetched.get(1), Golden.at(GOLDEN, "loss").floats(), 1e-5);
      assertClose(
          "smoothed", fetched.get(2), Golden.at(GOLDEN, "loss_label_smoothing_0.1").floats(), 1e-5);
      assertThat(trained)
          .hasSize((int) GOLDEN.keySet().stream().filter(k -> k.startsWith("grad.")).count());
      for (int i = 0; i < trained.size(); i++) {
        String name = trained.get(i).name();
        assertGradient(name, fetched.get(3 + i), Golden.at(GOLDEN, "grad." + name));
      }
      Map<String, float[]> after = GoldenModel.values(model);
      int statistics = 0;
      for (var entry : GOLDEN.entrySet()) {
        if (entry.getKey().startsWith("after.")) {
          String name = entry.getKey().substring("after.".length());
          assertClose(name, Golden.at(after, name), entry.getValue().floats(), 1e-5);
          statistics++;
        }
      }
      assertThat(statistics).isEqualTo(40);
    } finally {
      restore(before);
    }
  }

  private static void assertGradient(String name, float[] gradient, Tensor golden) {
    float[] expected = GoldenModel.toTensorFlow(golden.floats(), golden.shape());
    boolean inFrontOfBatchNorm = golden.shape().length == 1 && isConvolutionBias(name);
    if (inFrontOfBatchNorm) {
      for (float value : gradient) {
        assertThat((double) value).as(name).isCloseTo(0, Offset.offset(2e-5));
      }
    } else {
      assertClose(name, gradient, expected, 1e-4);
    }
  }

  /** A convolution's bias: its kernel of the same name has four dimensions. */
  private static boolean isConvolutionBias(String name) {
    Tensor kernel = GOLDEN.get("grad." + name.replaceAll("bias$", "weight"));
    return name.endsWith("bias") && kernel != null && kernel.shape().length == 4;
  }

  private static void restore(Map<String, float[]> values) {
    GraphSession session = model.session();
    values.forEach((name, value) -> session.assign(Map.of(session.variable(name), value)));
  }

  private static Operand<TUint8> placeholder(GraphSession session) {
    return session
        .ops()
        .placeholder(
            TUint8.class,
            org.tensorflow.op.core.Placeholder.shape(
                Shape.of(-1, set.height(), set.width(), set.channels())));
  }

  private static TUint8 pixels(int count) {
    byte[] pixels = new byte[count * set.height() * set.width() * set.channels()];
    for (int i = 0; i < count; i++) {
      set.copyImage(i, pixels, i * pixels.length / count);
    }
    return TUint8.tensorOf(
        Shape.of(count, set.height(), set.width(), set.channels()),
        DataBuffers.of(pixels, true, false));
  }

  private static void assertClose(String what, float[] actual, float[] expected, double bound) {
    assertThat(GoldenModel.distance(actual, expected) / GoldenModel.norm(expected))
        .as(what)
        .isLessThan(bound);
  }
}
