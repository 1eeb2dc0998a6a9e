package dev.lamina.model;

import com.google.common.primitives.Bytes;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.inference.InferenceNetwork;
import dev.lamina.layer.Layers;
import dev.lamina.metric.Metric;
import dev.lamina.network.Network;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * Runs images through a network with the weights of one moment, in batches.
 *
 * @param form the network
 * @param image the shape of one image
 * @param batchSize the largest number of images to run at once
 */
record Evaluator(InferenceNetwork form, Shape image, int batchSize) implements AutoCloseable {
  /** Receives the logits of a batch. */
  private interface BatchConsumer {
    void accept(int start, float[][] logits);
  }

  static Evaluator of(InferenceNetwork form, Network network, Device device) {
    long largest =
        Layers.nodes(network.body(), network.inputShape()).stream()
            .mapToLong(layer -> Float.BYTES * (layer.input().size() + layer.output().size()))
            .max()
            .orElse(1);
    return new Evaluator(form, network.inputShape(), device.evaluationBatch(largest));
  }

  /** Returns the logits of every image of a set: [images][classes]. */
  float[][] logits(ImageSet set) {
    float[][] all = new float[set.size()][];
    forEachBatch(
        set,
        Tta.none(),
        () -> false,
        (start, logits) -> System.arraycopy(logits, 0, all, start, logits.length));
    return all;
  }

  /** Returns the logits of every image: [images][classes]. */
  float[][] logits(byte[][] images) {
    float[][] all = new float[images.length][];
    for (int start = 0; start < images.length; start += batchSize) {
      int end = Math.min(start + batchSize, images.length);
      byte[] pixels = Bytes.concat(Arrays.copyOfRange(images, start, end));
      System.arraycopy(logits(pixels, end - start), 0, all, start, end - start);
    }
    return all;
  }

  /** Returns the logits of {@code count} images, which are run as one batch: [count][classes]. */
  float[][] logits(byte[] pixels, int count) {
    Shape shape = Shape.of(count, image.get(0), image.get(1), image.get(2));
    try (TUint8 batch = TUint8.tensorOf(shape, DataBuffers.of(pixels, true, false));
        TFloat32 result = form.run(batch)) {
      float[] flat = GraphSession.floats(result);
      int classes = flat.length / count;
      float[][] rows = new float[count][];
      for (int i = 0; i < count; i++) {
        rows[i] = Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
      }
      return rows;
    }
  }

  /**
   * Returns the evaluation of a set; empty if it was cancelled.
   *
   * @param cancelled asked before every batch; true stops
   */
  Optional<Evaluation> evaluate(
      ImageSet set,
      Tta tta,
      List<String> classNames,
      List<Metric> metrics,
      BooleanSupplier cancelled) {
    EvaluationSums sums = new EvaluationSums(set.classes());
    try (MetricGraph graph = new MetricGraph(metrics, set.classes())) {
      boolean complete =
          forEachBatch(
              set,
              tta,
              cancelled,
              (start, logits) -> {
                int[] labels =
                    IntStream.range(start, start + logits.length).map(set::label).toArray();
                for (int i = 0; i < logits.length; i++) {
                  sums.add(start + i, logits[i], labels[i]);
                }
                graph.add(logits, labels);
              });
      return complete ? Optional.of(sums.evaluation(classNames, graph.means())) : Optional.empty();
    }
  }

  /** Runs a set batch by batch; returns false if it was cancelled. */
  private boolean forEachBatch(
      ImageSet set, Tta tta, BooleanSupplier cancelled, BatchConsumer consumer) {
    int bytes = Math.toIntExact(image.size());
    for (int start = 0; start < set.size(); start += batchSize) {
      if (cancelled.getAsBoolean()) {
        return false;
      }
      int count = Math.min(batchSize, set.size() - start);
      byte[] pixels = new byte[count * bytes];
      set.pixels(start, start + count).get(pixels);
      consumer.accept(start, logits(pixels, count, tta));
    }
    return true;
  }

  /** Returns the weighted mean of the logits of all views. */
  private float[][] logits(byte[] pixels, int count, Tta tta) {
    if (tta.equals(Tta.none())) {
      return logits(pixels, count);
    }
    float[][] mean = {};
    for (Tta.View view : tta.views()) {
      float[][] logits = logits(Tta.pixels(view, pixels, image), count);
      mean = mean.length == 0 ? new float[count][logits[0].length] : mean;
      for (int i = 0; i < count; i++) {
        for (int k = 0; k < logits[i].length; k++) {
          mean[i][k] += (float) view.weight() * logits[i][k];
        }
      }
    }
    return mean;
  }

  /** Waits for current runs, then frees the network. */
  @Override
  public void close() {
    form.close();
  }
}
