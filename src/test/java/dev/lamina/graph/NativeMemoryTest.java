package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lamina.torture.JavaProcess;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A program whose native memory is far more than four times its Java heap. */
class NativeMemoryTest {
  private static final int FLOATS = 100_000_000;

  /** Holds 400 MB of native memory, and then calls TensorFlow. */
  public static void main(String[] args) {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Ops tf = session.ops();
      Operand<TFloat32> large = tf.fill(tf.constant(new int[] {FLOATS}), tf.constant(1f));
      Operand<TFloat32> small = tf.math.add(tf.constant(1f), tf.constant(2f));
      try (var result = session.run(runner -> runner.fetch(large))) {
        System.out.println(result.get(0).shape().size() + " " + session.fetch(small)[0]);
      }
    }
  }

  private static String run(String... options) throws Exception {
    ProcessBuilder builder = JavaProcess.of(NativeMemoryTest.class);
    builder.command().addAll(1, List.of(options));
    builder.command().removeIf("-Xmx512m"::equals);
    return JavaProcess.run(builder);
  }

  @Test
  void moreThanFourHeaps() throws Exception {
    assertThat(run("-Xmx32m")).contains(FLOATS + " 3.0");
  }

  @Test
  void limitThatIsSet_isKept() {
    String[] options = {"-Xmx32m", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=128m"};
    assertThatThrownBy(() -> run(options))
        .hasMessageContaining("Physical memory usage is too high");
  }
}
