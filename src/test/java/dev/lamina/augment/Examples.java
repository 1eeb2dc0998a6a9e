package dev.lamina.augment;

import com.google.common.primitives.Floats;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** A batch of examples in plain Java: images with targets and weights. */
record Examples(Images images, List<List<Float>> targets, List<Float> weights) {

  static Examples of(Images images, float[][] targets, float[] weights) {
    return new Examples(
        images, Arrays.stream(targets).map(Floats::asList).toList(), Floats.asList(weights));
  }

  /** Random images, distributions over three classes, and weights in [0, 2). */
  static Examples random(int batch, int height, int width, int channels) {
    Random random = new Random(batch);
    float[][] targets = new float[batch][];
    float[] weights = new float[batch];
    for (int n = 0; n < batch; n++) {
      float first = random.nextFloat();
      float second = (1 - first) * random.nextFloat();
      targets[n] = new float[] {first, second, 1 - first - second};
      weights[n] = 2 * random.nextFloat();
    }
    return of(Images.random(batch, height, width, channels), targets, weights);
  }

  double target(int n, int k) {
    return targets.get(n).get(k);
  }

  double weight(int n) {
    return weights.get(n);
  }

  /** Runs ops on these examples; the graph does not know how many there are. */
  Examples through(BiFunction<Ops, Batch, Batch> change) {
    try (Graph graph = new Graph();
        Session session = new Session(graph);
        TUint8 imagesTensor = images.tensor();
        TFloat32 targetsTensor =
            TFloat32.tensorOf(
                StdArrays.ndCopyOf(targets.stream().map(Floats::toArray).toArray(float[][]::new)));
        TFloat32 weightsTensor = TFloat32.vectorOf(Floats.toArray(weights))) {
      Ops tf = Ops.create(graph);
      Placeholder<TUint8> pixels =
          tf.placeholder(
              TUint8.class,
              Placeholder.shape(Shape.of(-1, images.height(), images.width(), images.channels())));
      Batch batch =
          new Batch(
              pixels,
              tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 3))),
              tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1))),
              Images.origin(tf, pixels));
      Batch changed = change.apply(tf, batch);
      try (Result result =
          session
              .runner()
              .feed(batch.images(), imagesTensor)
              .feed(batch.targets(), targetsTensor)
              .feed(batch.weights(), weightsTensor)
              .fetch(tf.identity(changed.images()))
              .fetch(tf.identity(changed.targets()))
              .fetch(tf.identity(changed.weights()))
              .run()) {
        float[][] newTargets = new float[images.batch()][3];
        StdArrays.copyFrom((TFloat32) result.get(1), newTargets);
        float[] newWeights = new float[images.batch()];
        StdArrays.copyFrom((TFloat32) result.get(2), newWeights);
        return of(Images.from((TUint8) result.get(0)), newTargets, newWeights);
      }
    }
  }

  /** Runs an augmentation on these examples. */
  Examples through(BatchAugmentation augmentation, long... seed) {
    return through((tf, batch) -> augmentation.apply(tf, batch, tf.constant(seed)));
  }
}
