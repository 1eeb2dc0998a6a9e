package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class FrozenContextTest {
  @Test
  void takesValuesByFullNameAndUpdatesNothing() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TFloat32> weight = tf.constant(3f);
      Context layer =
          Context.frozen(tf, Map.of("0.main.weight", weight)::get).child("0").child("main");

      assertThat(layer.training()).isFalse();
      assertThat(layer.get("weight").asOutput()).isEqualTo(weight.asOutput());
      assertThat(layer.reads()).isEmpty();
      assertThatIllegalStateException()
          .isThrownBy(() -> layer.setStatistic("running_mean", weight))
          .withMessage("0.main.running_mean must not be updated in a frozen network");
    }
  }
}
