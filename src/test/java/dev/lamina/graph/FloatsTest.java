package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;

class FloatsTest {
  @Test
  void float32_acceptsNothingElse() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      var x = tf.constant(1f);
      assertThat(Floats.expectFloat32(Floats.asFloating(x)).asOutput()).isEqualTo(x.asOutput());
      assertThatThrownBy(() -> Floats.expectFloat32(tf.dtypes.cast(x, TBfloat16.class)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
