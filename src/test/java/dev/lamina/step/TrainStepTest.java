package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Lambda;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.WithoutGradient;
import dev.lamina.layer.ZeroPad;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.metric.Metric;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Adam;
import dev.lamina.optimizer.Lookahead;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.Sgd;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.types.TFloat32;

/** The step's graph, as it really runs, and its precision. */
class TrainStepTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 64).toArray());

  private static int[] batch(int size) {
    return IntStream.range(0, size).toArray();
  }

  private static List<NodeDef> executed(Trainer trainer, Model model) {
    try (TrainStep step = trainer.step(model, IMAGES)) {
      RunMetadata metadata = step.trace(batch(8), 0, 0.01, 0.9);
      assertThat(metadata.getPartitionGraphsCount()).isPositive();
      return metadata.getPartitionGraphsList().stream()
          .map(GraphDef::getNodeList)
          .flatMap(List::stream)
          .toList();
    }
  }

  private static long count(List<NodeDef> nodes, String op) {
    return nodes.stream().filter(node -> node.getOp().equals(op)).count();
  }

  @Test
  void flagship_movesNoImagesAbout() {
    Trainer trainer =
        Trainer.builder()
            .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
            .precision(Precision.FLOAT32)
            .build();
    try (Model model = ResNetCifar.builder().width(4).build()) {
      List<NodeDef> nodes = executed(trainer, model);
      assertThat(nodes.stream().filter(node -> node.getOp().contains("Conv2D")))
          .hasSizeGreaterThan(17);
      assertThat(count(nodes, "Transpose")).as("layout changes").isZero();
      assertThat(nodes.stream().filter(node -> node.getOp().startsWith("BiasAdd")))
          .as(
              "biases, with their gradients: only that of the classifier is not in front of batch norm")
          .hasSizeLessThanOrEqualTo(2);
      assertThat(
              nodes.stream()
                  .filter(node -> node.getOp().equals("Cast"))
                  .filter(node -> node.getAttrOrThrow("DstT").getType() == DataType.DT_FLOAT)
                  .filter(node -> node.getAttrOrThrow("SrcT").getType() == DataType.DT_UINT8))
          .as("from bytes to numbers")
          .hasSize(1);
      assertThat(
              nodes.stream()
                  .filter(node -> node.getOp().equals("ReadVariableOp"))
                  .map(node -> node.getInput(0))
                  .toList())
          .as("each variable is read once")
          .doesNotHaveDuplicates();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16"})
  void relu_keepsItsResultAloneForTheBackwardPass(Precision precision) {
    try (Model model = ResNetCifar.builder().width(4).build()) {
      List<NodeDef> nodes = executed(Trainer.builder().precision(precision).build(), model);
      Map<String, NodeDef> byName =
          nodes.stream().collect(Collectors.toMap(NodeDef::getName, node -> node));
      assertThat(nodes.stream().filter(node -> node.getOp().contains("ReluGrad")))
          .hasSize(17)
          .extracting(node -> byName.get(node.getInput(1)))
          .allMatch(TrainStepTest::rectifies);
    }
  }

  /** TensorFlow may have made one operation of it and the batch norm before it. */
  private static boolean rectifies(NodeDef node) {
    return node.getOp().endsWith("Relu")
        || (node.getOp().endsWith("FusedBatchNormEx")
            && node.getAttrOrThrow("activation_mode").getS().toStringUtf8().equals("Relu"));
  }

  @ParameterizedTest
  @CsvSource({"FLOAT32, 2", "BFLOAT16, 1"})
  void float32_computesAgainWhatIsCheap(Precision precision, int times) {
    Network network =
        Network.input(32, 32, 3)
            .then(Conv2d.of(128, 3).stride(4), BatchNorm.create(), Activation.RELU)
            .then(Conv2d.of(128, 3), BatchNorm.create(), Activation.RELU, Conv2d.of(4, 3))
            .then(BatchNorm.create(), Activation.RELU, Conv2d.of(4, 3).groups(4))
            .then(BatchNorm.create(), Activation.RELU, MaxPool.of(2))
            .then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network, 1)) {
      List<NodeDef> nodes = executed(Trainer.builder().precision(precision).build(), model);
      assertThat(nodes.stream().filter(node -> node.getOp().contains("FusedBatchNorm")))
          .filteredOn(node -> !node.getOp().contains("Grad"))
          .hasSize(4 * times);
      // Winograd's products: its transformed inputs are the first factor forward, and for the
      // gradient by the weights.
      assertThat(nodes.stream().filter(node -> node.getOp().endsWith("Einsum")))
          .hasSize(3)
          .filteredOn(
              node -> !node.getAttrOrThrow("equation").getS().toStringUtf8().startsWith("pto"))
          .extracting(node -> node.getInput(0))
          .hasSize(2)
          .satisfies(inputs -> assertThat(Set.copyOf(inputs)).hasSize(times));
      Map<String, NodeDef> byName =
          nodes.stream().collect(Collectors.toMap(NodeDef::getName, node -> node));
      // What ReLU gave in the forward pass is there for the backward pass, or it is not.
      assertThat(nodes.stream().filter(TrainStepTest::rectifies))
          .hasSize(4 * times)
          .filteredOn(node -> !waits(node) && !waits(byName.getOrDefault(node.getInput(0), node)))
          .hasSize(4)
          .allSatisfy(
              relu ->
                  assertThat(nodes.stream().filter(node -> takes(node, relu)))
                      .as(relu.getName())
                      .isNotEmpty()
                      .filteredOn(node -> waits(node) || isGradient(node))
                      .matches(found -> found.isEmpty() == (precision == Precision.FLOAT32)));
    }
  }

  /** What is computed again waits for the backward pass. */
  private static boolean waits(NodeDef node) {
    return node.getInputList().stream().anyMatch(input -> input.startsWith("^"));
  }

  private static boolean takes(NodeDef node, NodeDef from) {
    return node.getInputList().contains(from.getName());
  }

  private static boolean isGradient(NodeDef node) {
    return node.getOp().contains("Grad") || node.getOp().contains("Backprop");
  }

  @Test
  void winograd_trainsWhereItsGradientHasNoKnownShape() {
    for (Sequential after : List.of(Sequential.of(), Sequential.of(BatchNorm.create()))) {
      Network network =
          Network.input(32, 32, 3)
              .then(Conv2d.of(128, 3).stride(4), Conv2d.of(128, 3), after)
              .then(GlobalAveragePool.create(), Dense.of(10));
      try (Model model = Model.of(network, 1);
          TrainStep step =
              Trainer.builder().precision(Precision.FLOAT32).build().step(model, IMAGES)) {
        step.run(batch(5), 0, 0.01, 0.9);
        double first = step.metrics().loss();
        step.resetMetrics();
        step.run(batch(5), 1, 0, 0);
        assertThat(step.metrics().loss()).isLessThan(first);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16"})
  void branches_arePassedBackThroughOnce(Precision precision) {
    // Every second layer is reached by two paths that split after it, with and without a ReLU.
    Network network =
        Network.input(32, 32, 3)
            .then(Conv2d.of(2, 3), branch(), branch(), branch())
            .then(Flatten.create(), Dense.of(10));
    try (Model model = Model.of(network, 1)) {
      List<NodeDef> nodes = executed(Trainer.builder().precision(precision).build(), model);
      assertThat(nodes.stream().filter(node -> node.getOp().contains("Conv2DBackpropFilter")))
          .hasSize(7);
      assertThat(nodes.stream().filter(node -> node.getOp().contains("Conv2DBackpropInput")))
          .hasSize(6);
    }
  }

  private static Sequential branch() {
    return Sequential.of(
        Add.of(Sequential.of(), Sequential.of(Activation.RELU, Conv2d.of(2, 3))), Conv2d.of(2, 3));
  }

  @ParameterizedTest
  @CsvSource({"BFLOAT16, DT_BFLOAT16", "FLOAT16, DT_HALF"})
  void sixteenBits_areForConvolutionsAndTheRestIsFloat32(Precision precision, DataType type) {
    Trainer trainer = Trainer.builder().precision(precision).build();
    try (Model model = ResNetCifar.builder().width(4).build()) {
      List<NodeDef> nodes = executed(trainer, model);
      assertThat(nodes.stream().filter(node -> node.getOp().contains("Conv2D")))
          .isNotEmpty()
          .allMatch(node -> node.getAttrOrThrow("T").getType() == type);
      assertThat(nodes.stream().filter(node -> node.getOp().contains("FusedBatchNorm")))
          .isNotEmpty()
          .allMatch(node -> node.getAttrOrThrow("U").getType() == DataType.DT_FLOAT);
      assertThat(
              nodes.stream()
                  .filter(
                      node ->
                          node.getOp().contains("MatMul")
                              || node.getOp().contains("Softmax")
                              || node.getOp().startsWith("ResourceApply")))
          .isNotEmpty()
          .allMatch(node -> node.getAttrOrThrow("T").getType() == DataType.DT_FLOAT);
    }
  }

  @ParameterizedTest
  // Of what the loss falls by in float32. Processors differ in how they add up float16.
  @CsvSource({"BFLOAT16, 3", "FLOAT16, 1"})
  void sixteenBits_trainAlmostAsFloat32(Precision precision, double percent) {
    List<Double> float32 = losses(Precision.FLOAT32);
    List<Double> other = losses(precision);
    double fall = float32.get(0) - float32.get(float32.size() - 1);
    assertThat(fall).isGreaterThan(0.3);
    assertThat(other).isNotEqualTo(float32);
    for (int i = 0; i < other.size(); i++) {
      assertThat(other.get(i))
          .as("loss of step %s of %s and %s", i, other, float32)
          .isCloseTo(float32.get(i), Offset.offset(fall * percent / 100));
    }
  }

  /** Every built-in layer that follows its input's type, and some that do not. */
  private static List<Double> losses(Precision precision) {
    Network network =
        Network.input(32, 32, 3)
            .then(Normalize.of(new double[] {0.3, 0.3, 0.3}, new double[] {0.3, 0.3, 0.3}))
            .then(Conv2d.of(6, 3).stride(2), BatchNorm.create(), Activation.GELU)
            .then(Conv2d.of(6, 3).groups(2), BatchNorm.create(), Activation.SILU)
            .then(Conv2d.of(6, 3).groups(6), Activation.ELU, MaxPool.of(2))
            .then(Lambda.of("double", (tf, x) -> tf.math.mul(x, tf.constant(2f))))
            // The identity shortcut is float32 here, the main path is not.
            .then(Residual.of(Conv2d.of(6, 3), BatchNorm.create()))
            .then(Concat.of(Sequential.of(), Conv2d.of(2, 1)), ZeroPad.of(1))
            .then(Add.of(Conv2d.of(8, 3), Sequential.of()), Dropout.of(0.1))
            .then(AveragePool.of(2), Flatten.create(), Dense.of(10));
    Trainer trainer = Trainer.builder().precision(precision).build();
    try (Model model = Model.of(network, 1);
        TrainStep step = trainer.step(model, IMAGES)) {
      List<Double> losses = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        step.resetMetrics();
        step.run(batch(64), i, 0.02, 0.9);
        losses.add(step.metrics().loss());
      }
      return losses;
    }
  }

  @Test
  void metrics_addUpUntilTheyAreReset() {
    Trainer trainer = Trainer.builder().precision(Precision.FLOAT32).build();
    try (Model model = ResNetCifar.builder().width(1).build();
        TrainStep step = trainer.step(model, IMAGES)) {
      assertThat(step.metrics().images()).isZero();
      assertThat(step.metrics().loss()).isNaN();
      // Without learning all steps see the same weights.
      step.run(batch(20), 0, 0, 0);
      Metrics first = step.metrics();
      step.resetMetrics();
      step.run(IntStream.range(20, 25).toArray(), 1, 0, 0);
      Metrics second = step.metrics();
      assertThat(second.images()).isEqualTo(5);
      step.resetMetrics();
      step.run(batch(20), 0, 0, 0);
      step.run(IntStream.range(20, 25).toArray(), 1, 0, 0);
      Metrics both = step.metrics();
      assertThat(both.images()).isEqualTo(25);
      assertThat(both.loss())
          .isCloseTo((20 * first.loss() + 5 * second.loss()) / 25, Percentage.withPercentage(1e-9));
      assertThat(both.accuracy())
          .isCloseTo(
              (20 * first.accuracy() + 5 * second.accuracy()) / 25,
              Percentage.withPercentage(1e-9));
      assertThat(both.accuracy() * 25).isEqualTo(Math.rint(both.accuracy() * 25));
    }
  }

  @Test
  void close_afterTheModel_doesNothing() {
    Trainer trainer = Trainer.builder().precision(Precision.FLOAT32).build();
    Model model = ResNetCifar.builder().width(1).build();
    TrainStep step = trainer.step(model, IMAGES);
    model.close();
    step.close();
    step.close();
    assertThatIllegalStateException()
        .isThrownBy(step::metrics)
        .withMessage("the model was closed: build or load it again");
  }

  @Test
  void batchesThatAreNone_areRefused() {
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network, 1);
        TrainStep step = Trainer.builder().build().step(model, IMAGES)) {
      refuses(() -> step.run(new int[0], 0, 0.1, 0.9), "batch must not be empty");
      String message = "batch must give indices from 0 to 63, got ";
      refuses(() -> step.run(new int[] {63, 64}, 0, 0.1, 0.9), message + 64);
      refuses(() -> step.gradients(new int[] {-1}, 0), message + -1);
      refuses(() -> step.statistics(new int[] {65}, 0), message + 65);
      refuses(() -> step.prepare(new int[] {99}), message + 99);
      step.run(new int[] {63, 0}, 0, 0.1, 0.9);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "NaN, 0.9, 'learningRate must be finite and not negative, got NaN at step 7; correct the schedule'",
    "Infinity, 0.9, 'learningRate must be finite and not negative, got Infinity at step 7; correct the schedule'",
    "-0.1, 0.9, 'learningRate must be finite and not negative, got -0.1 at step 7; correct the schedule'",
    "0.1, NaN, 'momentum must be in [0, 1), got NaN at step 7; correct the schedule'",
    "0.1, -0.1, 'momentum must be in [0, 1), got -0.1 at step 7; correct the schedule'",
    "0.1, 1, 'momentum must be in [0, 1), got 1.0 at step 7; correct the schedule'"
  })
  void ratesOutOfRange_areRefused_andNothingChanges(double rate, double momentum, String message) {
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network, 1);
        TrainStep step = Trainer.builder().optimizer(Adam.create()).build().step(model, IMAGES)) {
      float[] before = model.weights().get("1.weight");
      refuses(() -> step.run(batch(8), 7, rate, momentum), message);
      refuses(() -> step.trace(batch(8), 7, rate, momentum), message);
      assertThat(model.weights().get("1.weight")).isEqualTo(before);
    }
  }

  static Stream<Optimizer> optimizersThatCount() {
    return Stream.of(Adam.create(), Lookahead.of(Sgd.create()).steps(2));
  }

  /** Nothing is random here, so the number of a step means nothing. */
  @ParameterizedTest
  @MethodSource("optimizersThatCount")
  void optimizer_countsItsOwnSteps(Optimizer optimizer) {
    assertThat(weightsAfter(optimizer, 1007)).isEqualTo(weightsAfter(optimizer, 0));
  }

  private static float[] weightsAfter(Optimizer optimizer, long first) {
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network, 1);
        TrainStep step = Trainer.builder().optimizer(optimizer).build().step(model, IMAGES)) {
      for (int i = 0; i < 3; i++) {
        step.run(batch(8), first + i, 0.1, 0.9);
      }
      return model.weights().get("1.weight");
    }
  }

  /** What is computed of 10 outputs for each of the images. */
  static Stream<Arguments> shapes() {
    Loss each = (tf, outputs, targets) -> tf.math.abs(tf.math.sub(tf.nn.softmax(outputs), targets));
    Loss column =
        (tf, outputs, targets) ->
            tf.expandDims(CrossEntropy.create().apply(tf, outputs, targets), tf.constant(1));
    Loss classes =
        (tf, outputs, targets) ->
            tf.math.mean(tf.math.abs(tf.math.sub(outputs, targets)), tf.constant(0));
    Loss mean =
        (tf, outputs, targets) ->
            tf.math.mean(CrossEntropy.create().apply(tf, outputs, targets), tf.constant(0));
    return Stream.of(
        Arguments.of(each, "[-1, 10]"),
        Arguments.of(column, "[-1, 1]"),
        Arguments.of(classes, "[10]"),
        Arguments.of(mean, "[]"));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void lossAndMetric_mustGiveOneNumberForEachExample(Loss function, String shape) {
    Metric metric =
        new Metric() {
          @Override
          public String name() {
            return "distance";
          }

          @Override
          public Operand<TFloat32> apply(
              Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
            return function.apply(tf, outputs, targets);
          }
        };
    String message =
        "%s must give one number for each example, got shape %s; take the mean over the classes alone";
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network, 1)) {
      Trainer loss = Trainer.builder().loss(function).build();
      refuses(() -> loss.step(model, IMAGES), message.formatted("loss", shape));
      Trainer trainer = Trainer.builder().metrics(metric).build();
      refuses(() -> trainer.step(model, IMAGES), message.formatted("metric distance", shape));
      refuses(() -> model.evaluate(IMAGES, metric), message.formatted("metric distance", shape));
    }
  }

  private static void refuses(ThrowingCallable call, String message) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
  }

  private static Network through(Lambda layer) {
    return Network.input(32, 32, 3)
        .then("conv", Conv2d.of(2, 3))
        .then("middle", layer)
        .then("pool", GlobalAveragePool.create())
        .then("classifier", Dense.of(10));
  }

  @Test
  void networkThatCannotBeDifferentiated_predicts_andTrainingNamesTheLayer() {
    Map<Lambda, String> messages =
        Map.of(
            WithoutGradient.ONES,
            "layer \"middle\" (Lambda ones) uses OnesLike, which TensorFlow cannot differentiate"
                + " from Java; build it from other ops",
            WithoutGradient.STOP,
            "layer \"middle\" (Lambda stop) lets no gradient through to the parameters before it;"
                + " build it from ops that have one",
            WithoutGradient.DILATED,
            "layer \"middle\" (Lambda dilated) uses a dilated Conv2D, whose gradient TensorFlow gets"
                + " wrong; put spaceToBatchNd and batchToSpaceNd around a plain one");
    messages.forEach(
        (layer, message) -> {
          try (Model model = Model.of(through(layer), 0)) {
            assertThat(model.predict(IMAGES)).hasSize(IMAGES.size());
            assertThatIllegalArgumentException()
                .isThrownBy(() -> Trainer.builder().build().step(model, IMAGES))
                .withMessage(message);
          }
        });
  }

  @Test
  void layerWithoutGradient_afterFrozenLayers_isTrainedBehind() {
    Trainer trainer = Trainer.builder().freeze("conv").build();
    for (Lambda layer : List.of(WithoutGradient.ONES, WithoutGradient.STOP)) {
      try (Model model = Model.of(through(layer), 0);
          TrainStep step = trainer.step(model, IMAGES)) {
        assertThat(step.gradients(batch(8), 0).keySet())
            .extracting(Variable::name)
            .containsExactly("classifier.weight", "classifier.bias");
      }
    }
  }
}
