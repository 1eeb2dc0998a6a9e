package dev.lamina.layer;

import com.google.common.collect.Lists;
import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/**
 * Checks that a network can be trained. Outside Python, TensorFlow has gradients for only some
 * operations, some operations stop every gradient, and the gradient of dilated convolutions is
 * wrong.
 */
public final class GradientCheck {
  private static final Pattern NO_GRADIENT = Pattern.compile("No gradient defined for op: (\\w+)");
  private static final Set<String> CONVOLUTIONS = Set.of("Conv2D", "DepthwiseConv2dNative");

  private GradientCheck() {}

  /**
   * Builds gradients of a network's training pass.
   *
   * @param root the network
   * @param input the shape of one example
   * @param context that of the pass
   * @param y what to differentiate
   * @param xs the parameters to differentiate with respect to
   * @return those of them on which {@code y} depends, with their gradients
   * @throws IllegalArgumentException if a layer lets no gradient through or TensorFlow's would be
   *     wrong; the message names the layer and the operation
   * @throws TensorFlowException if an operation after the network has no gradient
   */
  public static Map<Output<?>, Operand<TFloating>> gradients(
      Layer root, Shape input, Context context, Operand<?> y, List<Output<?>> xs) {
    Map<Output<?>, Operand<TFloating>> gradients;
    try {
      gradients = context.backward().gradients(y, xs);
    } catch (TensorFlowException e) {
      verify(root, input);
      throw e;
    }
    if (!gradients.keySet().containsAll(xs) || dilated((Graph) y.asOutput().env()) != null) {
      verify(root, input);
    }
    return gradients;
  }

  /**
   * Builds a network and its gradients into a temporary graph.
   *
   * @param root the network
   * @param input the shape of one example
   * @throws IllegalArgumentException if a parameter has no gradient; the message names the layer
   *     and the operation
   */
  public static void verify(Layer root, Shape input) {
    String problem = problem(root, input, false);
    if (problem != null) {
      throw new IllegalArgumentException(locate("", root, input, problem));
    }
  }

  /** Names the innermost layer that has the problem, searching from the output to the input. */
  private static String locate(String path, Layer layer, Shape input, String problem) {
    for (Layer.Child child : Lists.reverse(layer.children(input))) {
      if (problem.equals(problem(child.layer(), child.input(), true))) {
        return locate(Context.join(path, child.name()), child.layer(), child.input(), problem);
      }
    }
    return Layers.describe(path, layer) + " " + problem;
  }

  /**
   * Returns the reason why gradients of a layer's trainable parameters cannot be built, or null.
   *
   * @param through whether the gradient must reach the layer's input too
   */
  private static @Nullable String problem(Layer layer, Shape input, boolean through) {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      Layers.createVariables(session, layer, input);
      Ops tf = session.ops();
      Context context =
          Context.training(
              session,
              tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2))),
              Precision.FLOAT32);
      Placeholder<TFloat32> x =
          tf.placeholder(TFloat32.class, Placeholder.shape(input.prepend(Shape.UNKNOWN_SIZE)));
      Output<TFloating> y = Layers.build(context, layer, Floats.asFloating(x)).asOutput();
      List<Output<?>> sources = new ArrayList<>();
      context
          .reads()
          .forEach(
              (variable, read) -> {
                if (variable.parameter().role().trainable()) {
                  sources.add(read.asOutput());
                }
              });
      if (through) {
        sources.add(x.asOutput());
      }
      String dilated = dilated(session.graph());
      return dilated != null ? dilated : differentiate(context, y, sources);
    }
  }

  private static @Nullable String differentiate(
      Context context, Output<?> y, List<Output<?>> sources) {
    try {
      return context.backward().gradients(y, sources).keySet().containsAll(sources)
          ? null
          : "lets no gradient through to the parameters before it; build it from ops that have one";
    } catch (TensorFlowException e) {
      Matcher matcher = NO_GRADIENT.matcher(String.valueOf(e.getMessage()));
      return matcher.find()
          ? "uses "
              + matcher.group(1)
              + ", which TensorFlow cannot differentiate from Java; build it from other ops"
          : "cannot be differentiated: " + e.getMessage();
    }
  }

  private static @Nullable String dilated(Graph graph) {
    for (Iterator<GraphOperation> nodes = graph.operations(); nodes.hasNext(); ) {
      GraphOperation node = nodes.next();
      if (CONVOLUTIONS.contains(node.type())
          && Arrays.stream(node.attributes().getAttrIntList("dilations")).anyMatch(d -> d > 1)) {
        return "uses a dilated "
            + node.type()
            + ", whose gradient TensorFlow gets wrong; put spaceToBatchNd and batchToSpaceNd"
            + " around a plain one";
      }
    }
    return null;
  }
}
