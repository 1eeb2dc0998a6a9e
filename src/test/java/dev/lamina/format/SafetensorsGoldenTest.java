package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Golden;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that Python's safetensors wrote, read by {@link Golden}'s own few lines beside ours. */
class SafetensorsGoldenTest {
  @ParameterizedTest
  @ValueSource(strings = {"model", "forward_backward", "trajectory_batches", "augment"})
  void readsWhatPythonWrote(String name) {
    String file = name + ".safetensors";
    Safetensors read = Safetensors.read(Golden.file(file));

    assertThat(read.metadata()).isEqualTo(Golden.metadata(file));
    assertThat(read.tensors().keySet())
        .containsExactlyInAnyOrderElementsOf(Golden.tensors(file).keySet());
    Golden.tensors(file)
        .forEach(
            (key, golden) -> {
              Safetensors.Tensor tensor = Objects.requireNonNull(read.tensors().get(key));
              assertThat(tensor.shape()).as(key).isEqualTo(golden.shape());
              switch (tensor.dtype()) {
                case F32 -> assertThat(tensor.floats()).as(key).isEqualTo(golden.floats());
                case U8 -> {
                  byte[] bytes = new byte[tensor.data().remaining()];
                  tensor.data().get(bytes);
                  assertThat(bytes).as(key).isEqualTo(golden.bytes());
                }
                case I32 -> {
                  int[] ints = new int[golden.ints().length];
                  tensor.data().asIntBuffer().get(ints);
                  assertThat(ints).as(key).isEqualTo(golden.ints());
                }
                default -> {
                  assertThat(tensor.dtype()).as(key).isEqualTo(Dtype.I64);
                  long[] longs = new long[golden.longs().length];
                  tensor.data().asLongBuffer().get(longs);
                  assertThat(longs).as(key).isEqualTo(golden.longs());
                }
              }
            });
  }
}
