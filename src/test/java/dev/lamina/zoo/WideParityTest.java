package dev.lamina.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.Lists;
import dev.lamina.Golden;
import dev.lamina.Golden.Tensor;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Floats;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Winograd;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A network whose layers train in Winograd's form against PyTorch: activations, logits, loss,
 * gradients, running statistics, and a few steps. The set has no input of a ReLU that rounding
 * could move to the other side of zero, so the gradients too can be held to a small bound.
 */
class WideParityTest {
  private static final double FORWARD = 1e-5;
  private static final double GRADIENT = 1e-4;

  /** Of the gradient of a convolution's bias in front of batch norm, whose true value is zero. */
  private static final double ZERO = 2e-5;

  private static final Map<String, Tensor> GOLDEN =
      Golden.tensors("wide_forward_backward.safetensors");

  private final Probes probes = new Probes();
  private Model model;
  private ImageSet set;

  @BeforeEach
  void load() {
    model = WideModel.load(probes);
    set = images(GOLDEN);
  }

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void inference_logits() {
    float[][] rows = model.logits(set);
    float[] logits = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, logits, i * rows[0].length, rows[0].length);
    }
    assertAgrees(
        new FirstDifference().add("logits", logits, floats(GOLDEN, "logits_eval"), FORWARD));
  }

  @Test
  void training_lossGradientsAndStatistics() {
    TrainingPass pass = build();
    assertTrainsInWinogradsForm();
    FirstDifference forward = forward(pass);
    FirstDifference backward = backward(pass.run(set));
    assertAgrees(forward.then(backward));
    assertThat(forward.size()).isGreaterThan(count("act."));
    assertThat(backward.size()).isEqualTo(count("grad.") + 2);
    assertAgrees(statistics());
  }

  @Test
  void training_ofAnotherWeight_tellsWhereItsLayerIs() {
    var weight = model.session().variable("layer1.0.main.3.weight");
    float[] values = Golden.at(GoldenModel.values(model), weight.name());
    values[0] += 0.1f;
    model.session().assign(Map.of(weight, values));
    TrainingPass pass = build();
    assertThat(forward(pass).then(backward(pass.run(set))).find())
        .hasValueSatisfying(
            text ->
                assertThat(text)
                    .startsWith("the first difference arises in activation layer1.0.main.3:"));
  }

  @Test
  void trajectory() {
    Map<String, Tensor> steps = Golden.tensors("wide_trajectory.safetensors");
    MomentumOptimizer optimizer =
        MomentumOptimizer.of(floats(steps, "momentum")[0])
            .weightDecay(floats(steps, "weight_decay")[0]);
    Map<String, float[]> start = GoldenModel.values(model);
    double[] losses =
        TrainingPass.steps(model, images(steps), optimizer, floats(steps, "learning_rates"));
    assertTrainsInWinogradsForm();
    float[] expected = floats(steps, "losses");
    FirstDifference difference = new FirstDifference();
    for (int i = 0; i < expected.length; i++) {
      float[] loss = {(float) losses[i]};
      difference.add("loss " + i, loss, new float[] {expected[i]}, FORWARD);
    }
    assertAgrees(difference);
    Map<Double, String> ratios = new TreeMap<>();
    GoldenModel.values(model)
        .forEach(
            (name, end) -> {
              Tensor tensor = Golden.at(steps, "final." + name);
              float[] goal = GoldenModel.toTensorFlow(tensor.floats(), tensor.shape());
              double moved = GoldenModel.distance(Golden.at(start, name), goal);
              ratios.put(GoldenModel.distance(end, goal) / moved, name);
            });
    assertThat(ratios)
        .hasSize((int) steps.keySet().stream().filter(key -> key.startsWith("final.")).count());
    List<Double> sorted = List.copyOf(ratios.keySet());
    assertThat(sorted.get(sorted.size() / 2)).as("median of %s", ratios).isLessThan(1e-3);
    assertThat(sorted.get(sorted.size() - 1)).as("largest of %s", ratios).isLessThan(0.02);
  }

  /** Whether Winograd's form is what is compared here: wherever it pays, and somewhere. */
  private void assertTrainsInWinogradsForm() {
    int wide = 0;
    for (Layers.LayerNode node :
        Layers.nodes(model.network().body(), model.network().inputShape())) {
      String path = node.path();
      if (Probes.bare(node.layer()) instanceof Conv2d layer) {
        boolean pays = Winograd.pays(layer, node.input());
        wide += pays ? 1 : 0;
        assertThat(TrainingPass.operations(model, path, "Einsum") > 0).as(path).isEqualTo(pays);
        assertThat(TrainingPass.operations(model, path, "Conv2D") > 0).as(path).isEqualTo(!pays);
      }
    }
    assertThat(wide).as("layers in Winograd's form").isPositive();
  }

  private TrainingPass build() {
    probes.clear();
    return new TrainingPass(model);
  }

  /** The layers' results, in the order in which they are computed. */
  private FirstDifference forward(TrainingPass pass) {
    Map<String, Probes.Built> built = probes.built();
    built.keySet().removeIf(path -> !GOLDEN.containsKey("act." + path));
    assertThat(built).hasSize(count("act."));
    Iterator<float[]> found =
        pass.activations(
                set,
                built.values().stream().map(layer -> Floats.expectFloat32(layer.output())).toList())
            .iterator();
    FirstDifference difference = new FirstDifference();
    built.forEach(
        (path, layer) -> {
          float[] actual = found.next();
          float[] expected = WideModel.channelsLast(Golden.at(GOLDEN, "act." + path));
          difference.add("activation " + path, actual, expected, FORWARD);
          if (layer.rectified()) {
            difference.addSigns("activation " + path, actual, expected);
          }
        });
    return difference;
  }

  /** What follows, the gradients in the order of the backward pass. */
  private static FirstDifference backward(Map<String, float[]> results) {
    FirstDifference difference =
        new FirstDifference()
            .add("logits", Golden.at(results, "logits"), floats(GOLDEN, "logits_train"), FORWARD)
            .add("loss", Golden.at(results, "loss"), floats(GOLDEN, "loss"), FORWARD);
    for (String key : Lists.reverse(List.copyOf(results.keySet()))) {
      if (key.startsWith("grad.")) {
        String name = key.replaceFirst("grad.", "gradient ");
        float[] actual = Golden.at(results, key);
        Tensor golden = Golden.at(GOLDEN, key);
        if (key.endsWith(".bias") && isConvolution(key.replaceAll("bias$", "weight"))) {
          difference.addZero(name, actual, ZERO);
        } else {
          float[] expected = GoldenModel.toTensorFlow(golden.floats(), golden.shape());
          difference.add(name, actual, expected, GRADIENT);
        }
      }
    }
    return difference;
  }

  private static boolean isConvolution(String kernel) {
    return Golden.at(GOLDEN, kernel).shape().length == 4;
  }

  /** The running statistics after one pass. */
  private FirstDifference statistics() {
    Map<String, float[]> after = GoldenModel.values(model);
    after.keySet().removeIf(name -> !name.contains("running_"));
    assertThat(after).hasSize(count("after."));
    FirstDifference difference = new FirstDifference();
    after.forEach(
        (name, actual) -> difference.add(name, actual, floats(GOLDEN, "after." + name), FORWARD));
    return difference;
  }

  private ImageSet images(Map<String, Tensor> tensors) {
    return GoldenModel.images(
        Golden.at(tensors, "images"),
        Golden.at(tensors, "labels").longs(),
        model.network().classes());
  }

  private static int count(String prefix) {
    return (int) GOLDEN.keySet().stream().filter(key -> key.startsWith(prefix)).count();
  }

  private static float[] floats(Map<String, Tensor> tensors, String name) {
    return Golden.at(tensors, name).floats();
  }

  private static void assertAgrees(FirstDifference difference) {
    assertThat(difference.find()).as(difference.table()).isEmpty();
  }
}
