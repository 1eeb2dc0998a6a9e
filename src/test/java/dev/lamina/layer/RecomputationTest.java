package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Floats;
import dev.lamina.graph.GraphSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/**
 * Gradients by a result that is computed again against those by the same result when it is kept.
 */
class RecomputationTest {
  private static final int CHANNELS = 128;

  /** Leaves a row over for valid windows of 3 that go by 2. */
  private static final Shape INPUT = Shape.of(8, 12, CHANNELS);

  static Stream<Layer> layers() {
    return Stream.of(
        Conv2d.of(4, 3).stride(2),
        Conv2d.of(4, 3).stride(2).padding(Padding.VALID),
        Conv2d.of(CHANNELS, 3), // Winograd's form
        Conv2d.of(CHANNELS, 3).groups(CHANNELS).stride(2),
        Conv2d.of(8, 3).groups(4),
        MaxPool.of(3).stride(2).padding(Padding.SAME),
        MaxPool.of(3).stride(2),
        AveragePool.of(2),
        GlobalAveragePool.create(),
        Add.of(Conv2d.of(3, 3), Conv2d.of(3, 1)),
        Concat.of(Sequential.of(), MaxPool.of(3).stride(1).padding(Padding.SAME)),
        Residual.of(Conv2d.of(CHANNELS, 3)),
        Sequential.of(BatchNorm.create(), Activation.RELU, Conv2d.of(2, 1)),
        Sequential.of(Flatten.create(), Dense.of(3)));
  }

  @ParameterizedTest
  @MethodSource("layers")
  void gradients_areBitForBitThoseByAKeptResult(Layer layer) {
    Sequential again = Sequential.of(BatchNorm.create(), Activation.RELU, layer);
    // What a Lambda gives is not computed again, nor is what comes of it.
    Lambda same = Lambda.of("same", (tf, x) -> tf.identity(x));
    Sequential kept = Sequential.of(BatchNorm.create(), same, Activation.RELU, layer);
    assertThat(gradients(again)).isNotEmpty().isEqualTo(gradients(kept));
  }

  @ParameterizedTest
  @EnumSource(names = {"GELU", "SILU", "HARD_SWISH"})
  void gradients_areBitForBitThoseByAKeptActivation(Activation activation) {
    Conv2d layer = Conv2d.of(CHANNELS, 3);
    Lambda same = Lambda.of("same", (tf, x) -> tf.identity(x));
    assertThat(gradients(Sequential.of(activation, layer)))
        .isNotEmpty()
        .isEqualTo(gradients(Sequential.of(activation, same, layer)));
    try (BuiltLayer built = new BuiltLayer(Sequential.of(activation, layer), INPUT)) {
      differentiate(built);
      assertThat(built.clusters()).anyMatch(name -> name.endsWith("recomputed"));
    }
  }

  @Test
  void norm_isComputedTwiceOnlyWhereItsResultIsAskedFor() {
    assertThat(norms(Sequential.of(BatchNorm.create(), Activation.RELU, Conv2d.of(2, 3))))
        .isEqualTo(2);
    assertThat(norms(Sequential.of(BatchNorm.create(), Conv2d.of(2, 3)))).isEqualTo(2);
    assertThat(norms(Sequential.of(BatchNorm.create(), Activation.TANH, Conv2d.of(2, 3))))
        .isEqualTo(1);
  }

  private static long norms(Layer layer) {
    try (BuiltLayer built = new BuiltLayer(layer, INPUT)) {
      differentiate(built);
      return built.session.graph().toGraphDef().getNodeList().stream()
          .filter(node -> node.getName().startsWith("train"))
          .filter(node -> node.getOp().equals("FusedBatchNormV3"))
          .count();
    }
  }

  /** The gradients by the parameters and the input, where there are any, in their order. */
  private static List<Operand<TFloating>> differentiate(BuiltLayer built) {
    List<Output<?>> xs = new ArrayList<>();
    built.training.reads().values().forEach(read -> xs.add(read.asOutput()));
    xs.add(built.x.asOutput());
    Map<Output<?>, Operand<TFloating>> gradients =
        built.training.backward().gradients(built.trained, xs);
    return xs.stream().filter(gradients::containsKey).map(gradients::get).toList();
  }

  private static List<List<Float>> gradients(Layer layer) {
    try (BuiltLayer built = new BuiltLayer(layer, INPUT)) {
      // The same for the same parameters, whatever the layers' names.
      built.assignRandomValues(3);
      SplittableRandom random = new SplittableRandom(1);
      float[] values = new float[3 * (int) INPUT.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      List<Operand<TFloating>> gradients = differentiate(built);
      try (TFloat32 batch = built.batch(values);
          TInt64 key = TInt64.vectorOf(7, 0)) {
        Session.Runner runner = built.feed(batch, key);
        gradients.forEach(runner::fetch);
        try (var result = runner.run()) {
          List<List<Float>> all = new ArrayList<>();
          for (int i = 0; i < gradients.size(); i++) {
            all.add(Floats.asList(GraphSession.floats(result.get(i))));
          }
          return all;
        }
      }
    }
  }
}
