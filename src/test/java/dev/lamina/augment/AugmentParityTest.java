package dev.lamina.augment;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.Golden;
import dev.lamina.Golden.Tensor;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The crop and flip of {@code augment.safetensors}, pixel for pixel. */
class AugmentParityTest {

  private static final int PADDING = 4;

  private final Map<String, Tensor> golden = Golden.tensors("augment.safetensors");

  @Test
  void reflectedCropThenFlip() {
    int[] top = tensor("top").ints();
    int[] left = tensor("left").ints();
    int[] flip = tensor("flip").ints();

    Images changed =
        images("images")
            .through(
                (tf, images) -> {
                  var window = new RandomCrop.Window(tf.constant(top), tf.constant(left));
                  var cropped = RandomCrop.reflect(PADDING).crop(tf, images, window);
                  return RandomFlip.horizontal().flip(tf, cropped, tf.constant(flip));
                });

    assertThat(changed).isEqualTo(images("expected"));
  }

  /** Returns a tensor [images, channels, height, width] with its channels last. */
  private Images images(String name) {
    Tensor tensor = tensor(name);
    byte[] values = tensor.bytes();
    int[] shape = Arrays.stream(tensor.shape()).mapToInt(Math::toIntExact).toArray();
    int height = shape[2];
    int width = shape[3];
    return Images.of(
        shape[0],
        height,
        width,
        shape[1],
        (n, y, x, c) -> Byte.toUnsignedInt(values[((n * shape[1] + c) * height + y) * width + x]));
  }

  private Tensor tensor(String name) {
    return requireNonNull(golden.get(name), name);
  }
}
