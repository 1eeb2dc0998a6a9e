package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Floats;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;

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
      built.differentiate(built.trained);
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
      built.differentiate(built.trained);
      return built.session.graph().toGraphDef().getNodeList().stream()
          .filter(node -> node.getName().startsWith("train"))
          .filter(node -> node.getOp().equals("FusedBatchNormV3"))
          .count();
    }
  }

  /** The gradients by the parameters and the input, where there are any, in their order. */
  private static List<List<Float>> gradients(Layer layer) {
    try (BuiltLayer built = new BuiltLayer(layer, INPUT)) {
      // The same for the same parameters, whatever the layers' names.
      built.assignRandomValues(3);
      SplittableRandom random = new SplittableRandom(1);
      float[] values = new float[3 * (int) INPUT.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      return built.fetch(built.differentiate(built.trained), values).stream()
          .map(Floats::asList)
          .toList();
    }
  }
}
