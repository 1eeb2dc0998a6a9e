package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Layers.LayerNode;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Whitening;
import dev.lamina.network.Network;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.linalg.SelfAdjointEig;
import org.tensorflow.types.TFloat64;

/** Computes the weights of {@link Whitening} layers from images. */
final class Adaptation {
  /** As many as in airbench; more change the covariance little. */
  private static final int MAX_IMAGES = 5000;

  private Adaptation() {}

  /**
   * Returns the weights of the whitening layers of a network, by full name; none if it has none.
   *
   * @throws IllegalArgumentException if such a layer has others than normalisations before it
   */
  static Map<String, float[]> weights(Network network, ImageSet images) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    int channels = network.channels();
    double[] mean = new double[channels];
    double[] std = new double[channels];
    Arrays.fill(std, 1);
    boolean first = true;
    for (LayerNode node : Layers.nodes(network.body(), network.inputShape())) {
      if (node.layer() instanceof Whitening whitening) {
        checkArgument(
            first,
            "%s must be the first layer or follow a normalisation",
            Layers.describe(node.path(), whitening));
        double[][] covariance = covariance(images, whitening.kernel(), mean, std);
        weights.put(Context.join(node.path(), "weight"), filters(covariance, whitening.epsilon()));
      }
      first = first && node.layer() instanceof Normalize;
      if (first && node.layer() instanceof Normalize normalize) {
        for (int c = 0; c < channels; c++) {
          mean[c] += std[c] * normalize.mean().get(c);
          std[c] *= normalize.std().get(c);
        }
      }
    }
    return weights;
  }

  /** Returns the mean product of any two values of a patch, in the order [row, column, channel]. */
  private static double[][] covariance(ImageSet images, int kernel, double[] mean, double[] std) {
    int size = kernel * kernel * images.channels();
    int count = Math.min(images.size(), MAX_IMAGES);
    double[][] sums = new double[size][size];
    double[] patch = new double[size];
    long patches = 0;
    for (int n = 0; n < count; n++) {
      // Spread over the set, which may be sorted by class.
      byte[] pixels = images.image((int) ((long) n * images.size() / count));
      for (int top = 0; top + kernel <= images.height(); top++) {
        for (int left = 0; left + kernel <= images.width(); left++) {
          read(pixels, images, kernel, top, left, patch);
          for (int i = 0; i < size; i++) {
            int c = i % images.channels();
            patch[i] = (patch[i] / 255 - mean[c]) / std[c];
          }
          add(sums, patch);
          patches++;
        }
      }
    }
    for (double[] row : sums) {
      for (int j = 0; j < size; j++) {
        row[j] /= patches;
      }
    }
    return sums;
  }

  private static void read(
      byte[] pixels, ImageSet images, int kernel, int top, int left, double[] patch) {
    int row = kernel * images.channels();
    for (int i = 0; i < patch.length; i++) {
      int y = top + i / row;
      int start = (y * images.width() + left) * images.channels();
      patch[i] = Byte.toUnsignedInt(pixels[start + i % row]);
    }
  }

  private static void add(double[][] sums, double[] patch) {
    for (int i = 0; i < patch.length; i++) {
      for (int j = 0; j < patch.length; j++) {
        sums[i][j] += patch[i] * patch[j];
      }
    }
  }

  /** Returns the filters, [values of a patch][filter], those with the largest eigenvalues first. */
  private static float[] filters(double[][] covariance, double epsilon) {
    int size = covariance.length;
    double[] values = new double[size];
    double[][] vectors = new double[size][size];
    try (GraphSession session = new GraphSession(Device.cpu())) {
      var tf = session.ops();
      SelfAdjointEig<TFloat64> eig = tf.linalg.selfAdjointEig(tf.constant(covariance));
      try (var result = session.run(runner -> runner.fetch(eig.e()).fetch(eig.v()))) {
        StdArrays.copyFrom((TFloat64) result.get(0), values);
        StdArrays.copyFrom((TFloat64) result.get(1), vectors);
      }
    }
    float[] filters = new float[size * 2 * size];
    for (int k = 0; k < size; k++) {
      // Ascending in the result.
      int column = size - 1 - k;
      double scale = 1 / Math.sqrt(values[column] + epsilon);
      for (int i = 0; i < size; i++) {
        float value = (float) (vectors[i][column] * scale);
        filters[i * 2 * size + k] = value;
        filters[i * 2 * size + size + k] = -value;
      }
    }
    return filters;
  }
}
