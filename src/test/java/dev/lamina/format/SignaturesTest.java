package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.graph.GraphSession;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** The outputs of the signatures, with weights for which the expected values are simple. */
class SignaturesTest {
  private static final int HEIGHT = 4;
  private static final int WIDTH = 5;

  @TempDir private Path folder;

  /** A network whose logits are the pixels, from 0 to 1. */
  private static Servable pixels(int channels) {
    int size = HEIGHT * WIDTH * channels;
    float[] identity = new float[size * size];
    for (int i = 0; i < size; i++) {
      identity[i * size + i] = 1;
    }
    return servable(
        channels,
        Sequential.of(Flatten.create(), Dense.of(size)),
        Map.of("1.weight", identity, "1.bias", new float[size]),
        size);
  }

  private static Servable servable(
      int channels, Sequential body, Map<String, float[]> weights, int classes) {
    return new Servable(
        new Network("Net", HEIGHT, WIDTH, channels, body),
        weights,
        IntStream.range(0, classes).mapToObj(i -> "class " + i).toList(),
        Preprocessing.of(Resize.stretch(HEIGHT, WIDTH)),
        Map.of());
  }

  private SavedModelBundle write(Servable servable) {
    Path model = folder.resolve("1");
    SavedModelWriter.write(model, servable);
    return SavedModelBundle.load(model.toString(), "serve");
  }

  private static float[] floats(
      SavedModelBundle model, String signature, String input, Tensor tensor, String output) {
    try (tensor;
        var result = model.function(signature).call(Map.of(input, tensor))) {
      return GraphSession.floats(result.get(output).orElseThrow());
    }
  }

  /** The decoded pixels of each file, from 0 to 255. */
  private static float[][] seen(SavedModelBundle model, byte[]... files) {
    NdArray<byte[]> bytes = NdArrays.vectorOfObjects(files);
    float[] logits =
        floats(model, "from_encoded", "image_bytes", TString.tensorOfBytes(bytes), "logits");
    float[][] seen = new float[files.length][logits.length / files.length];
    for (int i = 0; i < logits.length; i++) {
      seen[i / seen[0].length][i % seen[0].length] = logits[i] * 255;
    }
    return seen;
  }

  private static BufferedImage noise(int height, int width, int type) {
    BufferedImage image = new BufferedImage(width, height, type);
    Random random = new Random(height);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int band = 0; band < image.getRaster().getNumBands(); band++) {
          image.getRaster().setSample(x, y, band, random.nextInt(256));
        }
      }
    }
    return image;
  }

  private static byte[] encode(BufferedImage image, String format) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      assertThat(ImageIO.write(image, format, bytes)).isTrue();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** The stored samples of the image's first channels, a single one repeated. */
  private static double[][][] samples(BufferedImage image, int channels) {
    double[][][] samples = new double[image.getHeight()][image.getWidth()][channels];
    int bands = image.getRaster().getNumBands();
    for (int y = 0; y < samples.length; y++) {
      for (int x = 0; x < samples[y].length; x++) {
        for (int c = 0; c < channels; c++) {
          samples[y][x][c] = image.getRaster().getSample(x, y, bands == 1 ? 0 : c);
        }
      }
    }
    return samples;
  }

  /**
   * Each output pixel is the mean of the input pixels, weighted by a triangle around its centre
   * whose half width is one output pixel, or one input pixel if the image is enlarged.
   */
  private static double[] resized(double[][][] image, int channels) {
    double[] result = new double[HEIGHT * WIDTH * channels];
    for (int i = 0; i < result.length; i++) {
      int y = i / channels / WIDTH;
      int x = i / channels % WIDTH;
      double sum = 0;
      double weights = 0;
      for (int v = 0; v < image.length; v++) {
        for (int u = 0; u < image[v].length; u++) {
          double weight =
              triangle(v, y, (double) image.length / HEIGHT)
                  * triangle(u, x, (double) image[v].length / WIDTH);
          sum += weight * image[v][u][i % channels];
          weights += weight;
        }
      }
      result[i] = sum / weights;
    }
    return result;
  }

  private static double triangle(int old, int position, double scale) {
    double distance = Math.abs(old + 0.5 - (position + 0.5) * scale);
    return Math.max(0, 1 - distance / Math.max(1, scale));
  }

  private static void check(float[] seen, BufferedImage image, int channels) {
    double[] expected = resized(samples(image, channels), channels);
    assertThat(seen).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) seen[i]).isCloseTo(Math.rint(seen[i]), within(1e-4));
      // Rounded to integers after rows and after columns.
      assertThat((double) seen[i]).isCloseTo(expected[i], within(1 + 1e-2));
    }
  }

  @Test
  void fromEncoded_filesOfAnySizeInOneBatch() {
    BufferedImage same = noise(HEIGHT, WIDTH, BufferedImage.TYPE_3BYTE_BGR);
    BufferedImage larger = noise(23, 11, BufferedImage.TYPE_3BYTE_BGR);
    BufferedImage smaller = noise(2, 3, BufferedImage.TYPE_3BYTE_BGR);
    BufferedImage grey = noise(9, 7, BufferedImage.TYPE_BYTE_GRAY);
    List<BufferedImage> images = List.of(same, larger, smaller, grey);
    try (SavedModelBundle model = write(pixels(3))) {
      float[][] together =
          seen(model, images.stream().map(image -> encode(image, "png")).toArray(byte[][]::new));
      for (int i = 0; i < together.length; i++) {
        check(together[i], images.get(i), 3);
        assertThat(seen(model, encode(images.get(i), "png"))[0]).isEqualTo(together[i]);
      }
    }
  }

  @Test
  void fromEncoded_jpeg() {
    BufferedImage ramp = new BufferedImage(40, 32, BufferedImage.TYPE_3BYTE_BGR);
    for (int y = 0; y < 32; y++) {
      for (int x = 0; x < 40; x++) {
        ramp.setRGB(x, y, (5 * x) << 16 | (7 * y) << 8 | 100);
      }
    }
    double[] expected = resized(samples(ramp, 3), 3);
    try (SavedModelBundle model = write(pixels(3))) {
      float[] seen = seen(model, encode(ramp, "jpg"))[0];
      for (int i = 0; i < expected.length; i++) {
        // The error of JPEG on a smooth image, over 64 pixels each.
        assertThat((double) seen[i]).isCloseTo(expected[i], within(4.0));
      }
    }
  }

  @Test
  void fromEncoded_oneChannel() {
    BufferedImage grey = noise(9, 7, BufferedImage.TYPE_BYTE_GRAY);
    try (SavedModelBundle model = write(pixels(1))) {
      check(seen(model, encode(grey, "png"))[0], grey, 1);
    }
  }

  @Test
  void fromEncoded_channelsThatNoFileHas() {
    try (SavedModelBundle model = write(pixels(2))) {
      assertThat(model.signatures().stream().map(signature -> signature.key()))
          .containsExactlyInAnyOrder("serving_default", "features");
    }
  }

  @Test
  void features_areTheClassifiersInput() {
    // The input of the dense layer is known: twice the colour minus 1.
    Map<String, float[]> weights =
        Map.of(
            "0.weight",
            new float[] {2, 0, 0, 0, 2, 0, 0, 0, 2},
            "0.bias",
            new float[] {-1, -1, -1},
            "top.1.weight",
            new float[] {1, 0, 0, 1, 1, 1},
            "top.1.bias",
            new float[] {0.25f, 0},
            "after.weight",
            new float[] {1, 1},
            "after.bias",
            new float[2],
            "after.running_mean",
            new float[2],
            "after.running_var",
            new float[] {1, 1});
    Sequential body =
        Sequential.of(Conv2d.of(3, 1))
            .then("top", Sequential.of(GlobalAveragePool.create(), Dense.of(2)))
            .then("after", BatchNorm.create())
            .then("last", Activation.SIGMOID);
    byte[] images = new byte[2 * HEIGHT * WIDTH * 3];
    for (int i = 0; i < images.length; i++) {
      images[i] = (byte) (i / (images.length / 2) * 100 + i % 3 * 51);
    }
    try (SavedModelBundle model = write(servable(3, body, weights, 2))) {
      assertThat(
              floats(
                  model,
                  "features",
                  "images",
                  TUint8.tensorOf(Shape.of(2, HEIGHT, WIDTH, 3), DataBuffers.of(images)),
                  "features"))
          .containsExactly(
              new float[] {-1, -0.6f, -0.2f, 200 / 255f - 1, 302 / 255f - 1, 404 / 255f - 1},
              within(1e-6f));
    }
  }

  @Test
  void features_ofANetworkWithoutADenseLayer() {
    Map<String, float[]> weights = Map.of("0.weight", new float[6], "0.bias", new float[2]);
    Sequential body = Sequential.of(Conv2d.of(2, 1), GlobalAveragePool.create());
    try (SavedModelBundle model = write(servable(3, body, weights, 2))) {
      assertThat(model.signatures().stream().map(signature -> signature.key()))
          .containsExactlyInAnyOrder("serving_default", "from_encoded");
    }
  }
}
