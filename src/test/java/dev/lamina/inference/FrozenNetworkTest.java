package dev.lamina.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.PretendGpu;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layers;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** The frozen network against the same layers with their batch norms left as they are. */
class FrozenNetworkTest {
  private static final int HEIGHT = 7;
  private static final int WIDTH = 9;
  private static final int CLASSES = 3;
  private static final Sequential BODY =
      Sequential.of(
          Conv2d.of(4, 3).bias(false),
          BatchNorm.create().epsilon(0.01),
          Activation.RELU,
          Conv2d.of(4, 3).groups(2),
          BatchNorm.create(),
          Residual.of(Conv2d.of(6, 3), BatchNorm.create(), Activation.RELU)
              .shortcut(Conv2d.of(6, 1), BatchNorm.create()),
          Residual.of(Sequential.of().then("conv", Conv2d.of(6, 3)).then("bn", BatchNorm.create()))
              .names("", "downsample")
              .shortcut(Conv2d.of(6, 1), BatchNorm.create())
              .relu(false),
          // Does not follow a convolution, so it is not folded.
          BatchNorm.create(),
          MaxPool.of(2),
          Concat.of(
              Sequential.of(Conv2d.of(2, 3), BatchNorm.create()),
              Add.of(Sequential.of(Conv2d.of(3, 1), BatchNorm.create()), Conv2d.of(3, 3))),
          GlobalAveragePool.create(),
          Dense.of(CLASSES),
          BatchNorm.create());

  private static Servable servable() {
    return servable(BODY, HEIGHT, WIDTH);
  }

  private static Servable servable(Sequential body, int height, int width) {
    return new Servable(
        new Network("Net", height, width, 3, body),
        weights(1, body, height, width),
        IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList(),
        Map.of("a", "b"));
  }

  /** Weights, means and factors of either sign; positive variances, far from 1. */
  private static Map<String, float[]> weights(long seed, Sequential body, int height, int width) {
    Random random = new Random(seed);
    Map<String, float[]> weights = new LinkedHashMap<>();
    for (Layers.LayerNode leaf : Layers.nodes(body, Shape.of(height, width, 3))) {
      for (Parameter parameter : leaf.parameters()) {
        float[] values = new float[(int) parameter.size()];
        for (int i = 0; i < values.length; i++) {
          values[i] =
              parameter.name().equals("running_var")
                  ? 0.05f + 3 * random.nextFloat()
                  : (float) random.nextGaussian();
        }
        weights.put(leaf.fullName(parameter), values);
      }
    }
    return weights;
  }

  private static TUint8 images(Servable servable, int count) {
    byte[] pixels = new byte[(int) (count * servable.network().inputShape().size())];
    new Random(2).nextBytes(pixels);
    return TUint8.tensorOf(servable.network().inputShape().prepend(count), DataBuffers.of(pixels));
  }

  @Test
  void givesWhatTheUnfoldedNetworkGives() {
    checkAgainstUnfolded(servable(), 1, 5);
  }

  /** The parameters of a layer without a name at the root have no path: {@code weight}. */
  @Test
  void unnamedLayersAtTheRoot_giveWhatTheUnfoldedNetworkGives() {
    Sequential unnamedConvolution =
        Sequential.of()
            .then("", Conv2d.of(4, 3))
            .then("bn", BatchNorm.create())
            .then("pool", GlobalAveragePool.create())
            .then("fc", Dense.of(CLASSES));
    Sequential unnamedNorm =
        Sequential.of()
            .then("conv", Conv2d.of(4, 3))
            .then("", BatchNorm.create())
            .then("pool", GlobalAveragePool.create())
            .then("fc", Dense.of(CLASSES));
    for (Sequential body : List.of(unnamedConvolution, unnamedNorm)) {
      checkFrozenAndAssigned(servable(body, HEIGHT, WIDTH));
    }
  }

  @Test
  void inWinogradsFormGivesWhatTheUnfoldedNetworkGives() {
    checkAgainstUnfolded(wide(), 1, 2, 5);
  }

  @Test
  void withAssignedWeights_givesWhatTheUnfoldedNetworkGives() {
    Servable servable = servable();
    try (AssignedNetwork network = new AssignedNetwork(servable.network(), PretendGpu.create())) {
      for (long seed = 1; seed < 3; seed++) {
        Map<String, float[]> weights = weights(seed, BODY, HEIGHT, WIDTH);
        Servable with = new Servable(servable.network(), weights, servable.classNames(), Map.of());
        assign(network, with);
        checkAgainstUnfolded(with, network, 1, 5);
      }
    }
  }

  private static void checkFrozenAndAssigned(Servable servable) {
    checkAgainstUnfolded(servable, 1, 2);
    try (AssignedNetwork network = new AssignedNetwork(servable.network(), PretendGpu.create())) {
      assign(network, servable);
      checkAgainstUnfolded(servable, network, 2);
    }
  }

  private static void assign(AssignedNetwork network, Servable servable) {
    Map<String, TFloat32> tensors = new LinkedHashMap<>();
    servable
        .network()
        .parameters()
        .forEach(
            (name, parameter) ->
                tensors.put(
                    name,
                    TFloat32.tensorOf(parameter.shape(), DataBuffers.of(servable.weight(name)))));
    network.assign(tensors);
    tensors.values().forEach(TFloat32::close);
  }

  /** The last bits show which kind of convolution was used. */
  @Test
  void takesWinogradsFormForMoreThanOneImage() {
    Servable servable = wide();
    try (FrozenNetwork frozen = new FrozenNetwork(servable, Device.cpu())) {
      float[] alone = first(frozen, servable, 1);
      assertThat(first(frozen, servable, 1)).isEqualTo(alone);
      assertThat(first(frozen, servable, 2)).isNotEqualTo(alone);
    }
  }

  /** Two Winograd convolutions, with and without a bias, and one with too few channels for it. */
  private static Servable wide() {
    Sequential body =
        Sequential.of(
            Conv2d.of(128, 3).bias(false),
            Residual.of(Conv2d.of(130, 3), BatchNorm.create(), Activation.RELU)
                .shortcut(Conv2d.of(130, 1)),
            Conv2d.of(128, 3).bias(false),
            GlobalAveragePool.create(),
            Dense.of(CLASSES));
    return servable(body, 8, 12);
  }

  private static float[] first(FrozenNetwork frozen, Servable servable, int count) {
    try (TUint8 images = images(servable, count);
        TFloat32 logits = frozen.run(images)) {
      return Arrays.copyOf(GraphSession.floats(logits), CLASSES);
    }
  }

  private static void checkAgainstUnfolded(Servable servable, int... counts) {
    try (FrozenNetwork frozen = new FrozenNetwork(servable, Device.cpu())) {
      checkAgainstUnfolded(servable, frozen, counts);
    }
  }

  private static void checkAgainstUnfolded(
      Servable servable, InferenceNetwork frozen, int... counts) {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      var placeholder = servable.network().images(tf);
      Map<String, Operand<TFloat32>> constants = Constants.add(servable, tf);
      Operand<?> logits =
          Layers.build(
              Context.frozen(tf, constants::get),
              servable.network().body(),
              Floats.asFloating(Floats.scaled(tf, placeholder)));
      for (int count : counts) {
        try (TUint8 images = images(servable, count);
            TFloat32 actual = frozen.run(images);
            var result = session.runner().feed(placeholder, images).fetch(logits).run()) {
          float[] expected = GraphSession.floats(result.get(0));
          float[] values = GraphSession.floats(actual);
          assertThat(values).hasSameSizeAs(expected);
          // Rounding in the sums is relative to their largest terms.
          float scale = 0;
          for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
          }
          assertThat(values).containsExactly(expected, within(1e-5f * scale));
        }
      }
    }
  }

  @Test
  void foldsEveryNormThatFollowsAConvolutionOrADenseLayer() {
    Servable servable = servable();
    Servable folded = BatchNormFolding.fold(servable);
    assertThat(folded.weights().keySet().stream().filter(name -> name.endsWith("running_var")))
        .containsExactly("7.running_var");
    assertThat(folded.weights()).containsKey("0.bias").doesNotContainKey("1.weight");
    assertThat(folded.metadata()).isEqualTo(servable.metadata());
    assertThat(folded.network().body().outputShape(folded.network().inputShape()))
        .isEqualTo(Shape.of(CLASSES));
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      folded
          .network()
          .apply(Context.frozen(tf, Constants.add(folded, tf)::get), folded.network().images(tf));
      List<String> operations =
          graph.toGraphDef().getNodeList().stream().map(NodeDef::getOp).toList();
      assertThat(operations.stream().filter(op -> op.startsWith("FusedBatchNorm"))).hasSize(1);
    }
  }
}
