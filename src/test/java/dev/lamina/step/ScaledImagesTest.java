package dev.lamina.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.Batch;
import dev.lamina.augment.Origin;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Resize;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.MaxPool;
import dev.lamina.network.Network;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** Images of a batch that are made smaller in the graph. */
class ScaledImagesTest {
  private static Network network(int height, int width, int channels) {
    return Network.input(height, width, channels)
        .then(Conv2d.of(2, 3), GlobalAveragePool.create(), Dense.of(2));
  }

  /** {@link Resize} in Java has the pixels of Pillow. */
  @ParameterizedTest
  @CsvSource({
    "1, 32, 32, 0.5, 16, 16",
    "3, 32, 32, 0.75, 24, 24",
    "2, 33, 17, 0.7, 23, 12",
    "5, 9, 31, 0.1, 1, 3",
    "2, 7, 5, 0.05, 1, 1"
  })
  void pixels_areThoseOfResize(
      int images, int height, int width, double scale, int scaledHeight, int scaledWidth) {
    byte[] pixels = new byte[images * height * width * 3];
    new Random(5).nextBytes(pixels);
    ImageSet set = ImageSet.of(height, width, 3, pixels, new int[images], List.of("a", "b"));
    Network scaled = ScaledImages.network(network(height, width, 3), scale);
    assertThat(scaled.inputShape()).isEqualTo(Shape.of(scaledHeight, scaledWidth, 3));
    byte[] expected = new byte[images * scaledHeight * scaledWidth * 3];
    for (int i = 0; i < images; i++) {
      byte[] small = Resize.stretch(scaledHeight, scaledWidth).apply(set.toBufferedImage(i));
      System.arraycopy(small, 0, expected, i * small.length, small.length);
    }
    assertThat(inGraph(pixels, Shape.of(images, height, width, 3), scale, scaled.inputShape()))
        .isEqualTo(expected);
  }

  /** A grey image is the red one of its channel. */
  @Test
  void pixels_ofOneChannel_areThoseOfThree() {
    byte[] grey = new byte[2 * 9 * 8];
    new Random(6).nextBytes(grey);
    byte[] rgb = new byte[grey.length * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = grey[i / 3];
    }
    byte[] small = inGraph(grey, Shape.of(2, 9, 8, 1), 0.6, Shape.of(5, 5, 1));
    byte[] smallRgb = inGraph(rgb, Shape.of(2, 9, 8, 3), 0.6, Shape.of(5, 5, 3));
    assertThat(small).hasSize(2 * 5 * 5);
    for (int i = 0; i < smallRgb.length; i++) {
      assertThat(smallRgb[i]).isEqualTo(small[i / 3]);
    }
  }

  private static byte[] inGraph(byte[] pixels, Shape shape, double scale, Shape small) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Placeholder<TUint8> images =
          tf.placeholder(TUint8.class, Placeholder.shape(shape.tail().prepend(Shape.UNKNOWN_SIZE)));
      Placeholder<TFloat32> unused = tf.placeholder(TFloat32.class);
      Origin origin = new Origin(tf.placeholder(TInt32.class), tf.placeholder(TInt64.class), 0);
      Batch batch = ScaledImages.of(tf, new Batch(images, unused, unused, origin), scale);
      assertThat(batch.images().shape().tail()).isEqualTo(small);
      try (Session session = new Session(graph);
          TUint8 fed = TUint8.tensorOf(shape, DataBuffers.of(pixels));
          var result = session.runner().feed(images, fed).fetch(batch.images()).run()) {
        byte[] bytes = new byte[(int) result.get(0).size()];
        ((TUint8) result.get(0)).copyTo(DataBuffers.of(bytes));
        return bytes;
      }
    }
  }

  @Test
  void networks_whoseWeightsDependOnTheSize_areRefused() {
    Network flat = Network.input(8, 8, 3).then(Flatten.create(), Dense.of(2)).name("flat");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScaledImages.network(flat, 0.5))
        .withMessage(
            "imageScales must suit the network flat, got 0.5: input size must leave the parameters as they are, 4 x 4"
                + " changes them (not equal: value differences={1.weight=([192, 2], [48, 2])})");
    Network bare = Network.input(8, 8, 1).then(MaxPool.of(2), Flatten.create()).name("bare");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScaledImages.network(bare, 0.5))
        .withMessage(
            "imageScales must suit the network bare, got 0.5: input size must leave the 16 classes as they are, 4 x 4"
                + " makes them 4");
    Network pooled =
        Network.input(8, 8, 3)
            .then(MaxPool.of(5), GlobalAveragePool.create(), Dense.of(2))
            .name("pooled");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ScaledImages.network(pooled, 0.5))
        .withMessageStartingWith("imageScales must suit the network pooled, got 0.5: ")
        .withMessageContaining("4");
    assertThat(ScaledImages.network(flat, 1)).isSameAs(flat);
  }
}
