package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.layer.GradientCheck;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.op.math.Mean;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TFloating;

/**
 * Shows which parts of an image a network looks at (Selvaraju et al., "Grad-CAM", arXiv 1610.02391,
 * equations 1 and 2). With A the last feature map before the network pools or flattens it, y the
 * logit of a class and Z the number of places in A:
 *
 * <pre>
 * weight[k] = sum over i, j of dy / dA[i][j][k] / Z
 * map[i][j] = max(0, sum over k of weight[k] * A[i][j][k])
 * </pre>
 *
 * <pre>{@code
 * try (GradCam gradCam = GradCam.of(model)) {
 *   HeatMaps.write(gradCam.explain(Path.of("photo.png")), Path.of("photo-explained.png"));
 * }
 * }</pre>
 *
 * <p>It works for every network that can be trained whose layers are in sequence, which may be
 * nested, such as all of the zoo. It copies the weights of the moment when it is created, in native
 * memory: close it.
 */
public final class GradCam implements AutoCloseable {
  /**
   * What a model predicts for an image, and why.
   *
   * @param image the image as the network sees it
   * @param predicted the most probable class
   * @param map how much each part of the image counts for it
   */
  public record Explanation(BufferedImage image, Prediction.Candidate predicted, HeatMap map) {}

  /** A layer in the sequence, with the shape of one example of its input. */
  record Step(String path, Layer layer, Shape input) {}

  private final Model model;
  private final Inputs inputs;
  private final GraphSession session;
  private final Placeholder<TUint8> images;
  private final Placeholder<TFloat32> classes;
  private final Operand<TFloat32> map;

  private GradCam(Model model, List<Step> steps, int last, GraphSession session) {
    this.model = model;
    this.session = session;
    Network network = model.network();
    inputs = new Inputs(network);
    Ops tf = session.ops();
    images = network.images(tf);
    classes = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, network.classes())));
    // As in training, so that layers' own gradients are used, but all layers are frozen.
    Context context =
        Context.training(session, tf.constant(new long[] {0, 0}), Precision.FLOAT32, layer -> true);
    Operand<TFloating> value = Floats.asFloating(Floats.scaled(tf, images));
    Operand<TFloating> features = value;
    for (int i = 0; i < steps.size(); i++) {
      if (i == last) {
        // Apart from the layer before, which may define its own gradient.
        value = tf.identity(value);
        features = value;
      }
      value = Layers.build(context.child(steps.get(i).path()), steps.get(i).layer(), value);
    }
    Operand<TFloat32> logits = Floats.expectFloat32(Floats.cast(tf, value, TFloat32.class));
    Map<Output<?>, Operand<TFloating>> gradients =
        GradientCheck.gradients(
            network.body(),
            network.inputShape(),
            context,
            tf.math.mul(logits, classes),
            List.of(features.asOutput()));
    Operand<TFloating> gradient = gradients.get(features.asOutput());
    checkArgument(gradient != null, "network must compute its logits from its feature map");
    Operand<TFloating> weights =
        tf.math.mean(gradient, tf.constant(new int[] {1, 2}), Mean.keepDims(true));
    map =
        Floats.expectFloat32(
            tf.nn.relu(
                tf.reduceSum(
                    tf.math.mul(weights, features), tf.constant(3), ReduceSum.keepDims(false))));
  }

  /**
   * Creates what explains a model's predictions.
   *
   * @throws IllegalArgumentException if there is no layer before the network pools or flattens its
   *     feature map, or a layer has no gradient
   */
  public static GradCam of(Model model) {
    Network network = model.network();
    List<Step> steps = steps(network);
    int last = featureMap(steps);
    GraphSession session = new GraphSession(model.device().uncompiled());
    try {
      Map<Variable, float[]> values = new LinkedHashMap<>();
      Weights weights = model.weights();
      for (Variable variable :
          Layers.createVariables(session, network.body(), network.inputShape())) {
        values.put(variable, weights.get(variable.name()));
      }
      session.assign(values);
      return new GradCam(model, steps, last, session);
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** Returns the layers of a network, one after the other. */
  static List<Step> steps(Network network) {
    List<Step> steps = new ArrayList<>();
    collect("", network.body(), network.inputShape(), steps);
    return steps;
  }

  private static void collect(String path, Layer layer, Shape input, List<Step> steps) {
    if (layer instanceof Sequential) {
      for (Layer.Child child : layer.children(input)) {
        collect(Context.join(path, child.name()), child.layer(), child.input(), steps);
      }
    } else {
      steps.add(new Step(path, layer, input));
    }
  }

  /**
   * Returns the layer whose input is the feature map: the last one that gets an image of more than
   * one pixel, which pools or flattens it.
   */
  static int featureMap(List<Step> steps) {
    int last = 0;
    for (int i = 0; i < steps.size(); i++) {
      Shape input = steps.get(i).input();
      last = input.numDimensions() == 3 && input.get(0) * input.get(1) > 1 ? i : last;
    }
    checkArgument(
        last > 0, "network must have layers before it pools or flattens its feature map, got none");
    return last;
  }

  /**
   * Returns how much each part of an image counts for a class, in the size of the feature map.
   *
   * @param pixels height x width x channels bytes, as {@link Model#predict(byte[])} takes them
   * @param classId the index of the class
   * @throws IllegalArgumentException if there are not as many pixels as the network takes, or no
   *     such class
   */
  public HeatMap heatMap(byte[] pixels, int classId) {
    inputs.check(pixels);
    float[] oneHot = new float[model.network().classes()];
    checkArgument(
        classId >= 0 && classId < oneHot.length,
        "classId must be in 0..%s, got %s",
        oneHot.length - 1,
        classId);
    oneHot[classId] = 1;
    try (TUint8 image =
            TUint8.tensorOf(
                model.network().inputShape().prepend(1), DataBuffers.of(pixels, true, false));
        TFloat32 wanted =
            TFloat32.tensorOf(Shape.of(1, oneHot.length), DataBuffers.of(oneHot, true, false));
        var result =
            session.run(runner -> runner.feed(images, image).feed(classes, wanted).fetch(map))) {
      Shape shape = result.get(0).shape();
      ImmutableDoubleArray.Builder values = ImmutableDoubleArray.builder();
      for (float value : GraphSession.floats(result.get(0))) {
        values.add(value);
      }
      return new HeatMap(
          Math.toIntExact(shape.get(1)), Math.toIntExact(shape.get(2)), values.build());
    }
  }

  /**
   * Predicts an image file, prepared as {@link Model#predict(Path)} does, and explains the class.
   *
   * @throws dev.lamina.io.LaminaException if the file is missing or is not a readable image
   */
  public Explanation explain(Path image) {
    byte[] pixels = inputs.bytes(image, model.preprocessing());
    Prediction.Candidate predicted = model.predict(pixels).best();
    Network network = model.network();
    ImageSet set =
        ImageSet.of(
            network.height(),
            network.width(),
            network.channels(),
            pixels,
            new int[] {predicted.classId()},
            model.classNames());
    return new Explanation(set.toBufferedImage(0), predicted, heatMap(pixels, predicted.classId()));
  }

  /** Frees the native memory. */
  @Override
  public void close() {
    session.close();
  }
}
