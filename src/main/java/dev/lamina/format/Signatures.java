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
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
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
  private final Optional<DecodeGraph> decode;

  /** Creates the signatures of a classifier. */
  Signatures(Servable servable) {
    this.servable = servable;
    body = Classifier.body(servable.network().body());
    // Image files decode to greyscale or RGB.
    decode =
        servable.network().channels() == 1 || servable.network().channels() == 3
            ? Optional.of(new DecodeGraph(servable))
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
      Operand<TString> files = DecodeGraph.files(tf);
      signature.input("image_bytes", files);
      return classify(signature, tf, weights, decode.orElseThrow().apply(tf, files));
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

  @Override
  public void close() {
    decode.ifPresent(DecodeGraph::close);
  }
}
