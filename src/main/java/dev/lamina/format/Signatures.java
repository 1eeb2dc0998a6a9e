package dev.lamina.format;

import dev.lamina.graph.Context;
import dev.lamina.layer.Classifier;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Servable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.image.DecodeImage;
import org.tensorflow.op.image.ScaleAndTranslate;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/**
 * The signatures of a classifier, each of which can be built into any graph. Must be closed after
 * they are built.
 */
final class Signatures implements AutoCloseable {
  private static final String FEATURES = "features";
  private static final String FROM_ENCODED = "from_encoded";
  private static final String SERVING_DEFAULT = "serving_default";

  private final Servable servable;
  private final Optional<Sequential> body;
  private final Optional<ConcreteFunction> decode;

  /** Creates the signatures of a classifier. */
  Signatures(Servable servable) {
    this.servable = servable;
    body = Classifier.body(servable.network().body());
    // Image files decode to greyscale or RGB.
    decode =
        servable.network().channels() == 1 || servable.network().channels() == 3
            ? Optional.of(ConcreteFunction.create(this::decode))
            : Optional.empty();
  }

  /** The names of the signatures that this classifier has. */
  List<String> names() {
    return Stream.of(SERVING_DEFAULT, FROM_ENCODED, FEATURES)
        .filter(name -> !name.equals(FROM_ENCODED) || decode.isPresent())
        .filter(name -> !name.equals(FEATURES) || body.isPresent())
        .toList();
  }

  /**
   * Builds a signature. Its outputs are sorted by name, as Python requires.
   *
   * @param weights returns the value of a parameter by full name
   */
  Signature build(String name, Ops tf, Function<String, Operand<TFloat32>> weights) {
    Signature.Builder signature = Signature.builder("lamina_" + name);
    if (name.equals(FROM_ENCODED)) {
      Operand<TString> files = files(tf, Shape.of(Shape.UNKNOWN_SIZE));
      signature.input("image_bytes", files);
      Operand<?> images =
          tf.mapDefun(
                  List.of(files),
                  List.of(),
                  List.of(TUint8.class),
                  List.of(servable.network().inputShape()),
                  decode.orElseThrow())
              .output()
              .get(0);
      return classify(signature, tf, weights, images.asOutput().expect(TUint8.class));
    }
    Operand<TUint8> images = servable.network().images(tf);
    signature.input("images", images);
    return name.equals(FEATURES)
        ? signature
            .output(
                "features",
                servable
                    .network()
                    .withBody(body.orElseThrow())
                    .apply(Context.frozen(tf, weights), images))
            .build()
        : classify(signature, tf, weights, images);
  }

  private Signature classify(
      Signature.Builder signature,
      Ops tf,
      Function<String, Operand<TFloat32>> weights,
      Operand<TUint8> images) {
    Operand<TFloat32> logits = servable.network().apply(Context.frozen(tf, weights), images);
    Operand<TInt64> classIds = tf.math.argMax(logits, tf.constant(1));
    Operand<TString> names =
        tf.array(StandardCharsets.UTF_8, servable.classNames().toArray(String[]::new));
    return signature
        .output("class_ids", classIds)
        .output("labels", tf.gather(names, classIds, tf.constant(0)))
        .output("logits", logits)
        .output("probabilities", tf.nn.softmax(logits))
        .build();
  }

  private static Placeholder<TString> files(Ops tf, Shape shape) {
    return tf.withName("image_bytes").placeholder(TString.class, Placeholder.shape(shape));
  }

  /**
   * Decodes one image file (PNG, JPEG, GIF or BMP) and resizes it to the network's size: bilinear
   * with antialiasing, without keeping the aspect ratio.
   */
  private Signature decode(Ops tf) {
    Operand<TString> file = files(tf, Shape.scalar());
    Operand<TUint8> image =
        tf.image.decodeImage(
            file,
            TUint8.class,
            DecodeImage.channels((long) servable.network().channels()),
            DecodeImage.expandAnimations(false));
    Operand<TInt32> size =
        tf.constant(new int[] {servable.network().height(), servable.network().width()});
    Operand<TInt32> given =
        tf.slice(tf.shape(image), tf.constant(new int[] {0}), tf.constant(new int[] {2}));
    Operand<TFloat32> scaled =
        tf.image.scaleAndTranslate(
            tf.expandDims(image, tf.constant(0)),
            size,
            tf.math.div(
                tf.dtypes.cast(size, TFloat32.class), tf.dtypes.cast(given, TFloat32.class)),
            tf.constant(new float[] {0, 0}),
            ScaleAndTranslate.kernelType("triangle"),
            ScaleAndTranslate.antialias(true));
    Operand<TFloat32> pixels = tf.reshape(scaled, tf.constant(servable.network().inputShape()));
    return Signature.builder("lamina_decode")
        .input("image_bytes", file)
        .output("image", tf.dtypes.cast(tf.math.rint(pixels), TUint8.class))
        .build();
  }

  @Override
  public void close() {
    decode.ifPresent(ConcreteFunction::close);
  }
}
