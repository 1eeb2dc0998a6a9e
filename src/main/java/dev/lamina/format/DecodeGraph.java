package dev.lamina.format;

import dev.lamina.data.Preprocessing;
import dev.lamina.network.Servable;
import java.util.List;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.op.image.DecodeJpeg;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/**
 * The function from encoded image files to a network's input: decoding to RGB, then the resizing of
 * the {@link Preprocessing}. The orientation in EXIF data is not applied: TensorFlow does not read
 * it. Must be closed after it was built into graphs.
 */
final class DecodeGraph implements AutoCloseable {
  private final Servable servable;
  private final ConcreteFunction jpeg = ConcreteFunction.create(DecodeGraph::jpeg);
  private final ConcreteFunction other = ConcreteFunction.create(DecodeGraph::other);
  private final ConcreteFunction one;

  DecodeGraph(Servable servable) {
    this.servable = servable;
    one = ConcreteFunction.create(this::one);
  }

  /** Returns the placeholder of a batch of files. */
  static Placeholder<TString> files(Ops tf) {
    return files(tf, Shape.of(Shape.UNKNOWN_SIZE));
  }

  private static Placeholder<TString> files(Ops tf, Shape shape) {
    return tf.withName("image_bytes").placeholder(TString.class, Placeholder.shape(shape));
  }

  /** Decodes a batch of files to uint8 [N, height, width, channels]. */
  Operand<TUint8> apply(Ops tf, Operand<TString> files) {
    return tf.mapDefun(
            List.of(files),
            List.of(),
            List.of(TUint8.class),
            List.of(servable.network().inputShape()),
            one)
        .output()
        .get(0)
        .asOutput()
        .expect(TUint8.class);
  }

  private Signature one(Ops tf) {
    Operand<TString> file = files(tf, Shape.scalar());
    Operand<TUint8> start =
        tf.io.decodeRaw(tf.strings.substr(file, tf.constant(0), tf.constant(2)), TUint8.class);
    Operand<TBool> isJpeg =
        tf.reduceAll(
            tf.math.equal(tf.dtypes.cast(start, TInt32.class), tf.constant(new int[] {0xff, 0xd8})),
            tf.constant(0));
    Operand<TUint8> decoded =
        tf.statelessIf(isJpeg, List.of(file), List.of(TUint8.class), jpeg, other)
            .iterator()
            .next()
            .asOutput()
            .expect(TUint8.class);
    Operand<TUint8> image = new ResizeGraph(tf, servable.preprocessing().resize()).apply(decoded);
    return Signature.builder("lamina_decode")
        .input("image_bytes", file)
        .output("image", servable.network().channels() == 1 ? grey(tf, image) : image)
        .build();
  }

  /** The exact transform; TensorFlow's default one differs by a few levels. */
  private static Signature jpeg(Ops tf) {
    Operand<TString> file = files(tf, Shape.scalar());
    return Signature.builder("lamina_decode_jpeg")
        .input("image_bytes", file)
        .output(
            "image",
            tf.image.decodeJpeg(
                file, DecodeJpeg.channels(3L), DecodeJpeg.dctMethod("INTEGER_ACCURATE")))
        .build();
  }

  private static Signature other(Ops tf) {
    Operand<TString> file = files(tf, Shape.scalar());
    return Signature.builder("lamina_decode_other")
        .input("image_bytes", file)
        .output(
            "image",
            tf.image.decodeImage(
                file, TUint8.class, DecodeImage.channels(3L), DecodeImage.expandAnimations(false)))
        .build();
  }

  /** Luma as {@link Preprocessing#grey} computes it. */
  private static Operand<TUint8> grey(Ops tf, Operand<TUint8> image) {
    Operand<TInt32> sum =
        tf.reduceSum(
            tf.math.mul(tf.dtypes.cast(image, TInt32.class), tf.constant(Preprocessing.luma())),
            tf.constant(2));
    Operand<TInt32> rounded =
        tf.math.floorDiv(tf.math.add(sum, tf.constant(1 << 15)), tf.constant(1 << 16));
    return tf.expandDims(tf.dtypes.cast(rounded, TUint8.class), tf.constant(2));
  }

  @Override
  public void close() {
    one.close();
    jpeg.close();
    other.close();
  }
}
