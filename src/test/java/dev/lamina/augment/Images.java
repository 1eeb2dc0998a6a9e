package dev.lamina.augment;

import com.google.common.primitives.ImmutableIntArray;
import java.util.Random;
import java.util.function.BiFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TUint8;

/**
 * A batch of images in plain Java, values 0 to 255, to compute what is expected and to run what is
 * tested.
 */
record Images(int batch, int height, int width, int channels, ImmutableIntArray values) {

  @FunctionalInterface
  interface Value {
    int at(int image, int y, int x, int channel);
  }

  static Images of(int batch, int height, int width, int channels, Value value) {
    ImmutableIntArray.Builder values = ImmutableIntArray.builder();
    for (int n = 0; n < batch; n++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          for (int c = 0; c < channels; c++) {
            values.add(value.at(n, y, x, c));
          }
        }
      }
    }
    return new Images(batch, height, width, channels, values.build());
  }

  static Images random(int batch, int height, int width, int channels) {
    Random random = new Random(batch + 10L * height + 100L * width + 1000L * channels);
    return of(batch, height, width, channels, (n, y, x, c) -> random.nextInt(256));
  }

  /** Returns images of this shape. */
  Images with(Value value) {
    return of(batch, height, width, channels, value);
  }

  int at(int image, int y, int x, int channel) {
    return values.get(((image * height + y) * width + x) * channels + channel);
  }

  /** Runs ops on these images; the graph does not know how many there are. */
  Images through(BiFunction<Ops, Operand<TUint8>, Operand<TUint8>> change) {
    try (Graph graph = new Graph();
        Session session = new Session(graph);
        TUint8 tensor = tensor()) {
      Ops tf = Ops.create(graph);
      Placeholder<TUint8> images =
          tf.placeholder(TUint8.class, Placeholder.shape(Shape.of(-1, height, width, channels)));
      // The images themselves cannot be both fed and fetched.
      Operand<TUint8> changed = tf.identity(change.apply(tf, images));
      try (Result result = session.runner().feed(images, tensor).fetch(changed).run()) {
        return from((TUint8) result.get(0));
      }
    }
  }

  /** Returns these images as a tensor. */
  TUint8 tensor() {
    byte[] bytes = new byte[values.length()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values.get(i);
    }
    return TUint8.tensorOf(Shape.of(batch, height, width, channels), DataBuffers.of(bytes));
  }

  /** Runs an augmentation on these images. */
  Images through(BatchAugmentation augmentation, long... seed) {
    return through(
        (tf, images) -> augmentation.apply(tf, batch(tf, images), tf.constant(seed)).images());
  }

  /** A batch of images with targets, weights and an origin that do not matter. */
  static Batch batch(Ops tf, Operand<TUint8> images) {
    return new Batch(
        images, tf.constant(new float[1][1]), tf.constant(new float[1]), origin(tf, images));
  }

  /** The first images of a set, in the first epoch. */
  static Origin origin(Ops tf, Operand<TUint8> images) {
    return new Origin(
        tf.range(tf.constant(0), ImageShape.batch(tf, images), tf.constant(1)), tf.constant(0L), 1);
  }

  static Images from(TUint8 tensor) {
    Shape shape = tensor.shape();
    byte[] bytes = new byte[(int) shape.size()];
    tensor.asRawTensor().data().read(bytes);
    ImmutableIntArray.Builder values = ImmutableIntArray.builder(bytes.length);
    for (byte value : bytes) {
      values.add(Byte.toUnsignedInt(value));
    }
    return new Images(
        (int) shape.get(0),
        (int) shape.get(1),
        (int) shape.get(2),
        (int) shape.get(3),
        values.build());
  }
}
