import dev.lamina.graph.Precision;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Layers;
import dev.lamina.network.Network;
import java.io.BufferedReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TFloating;

/**
 * The machine's own best rate of a 3x3 convolution: TensorFlow's operations for the convolution and
 * for the gradients of its input and of its filter, each alone, in the shapes of a network's layers.
 */
final class ConvolutionPeak {
  private static final int REPEATS = 3;

  private enum Direction {
    FORWARD,
    INPUT_GRADIENT,
    FILTER_GRADIENT
  }

  /** A 3x3 convolution from one number of channels to another over an image of this size. */
  private record Layer(long height, long width, long in, long out) {}

  /** An operation that is run alone. */
  private record Rated(Direction direction, Op operation, double gigaflop) {}

  private ConvolutionPeak() {}

  /** In every round: the best rate in each direction over all layers, in GFLOP/s. */
  static void serve(Network network, int batch, Precision precision, double warm) throws Exception {
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Operands operands = new Operands(Ops.create(graph), precision.type());
      List<Rated> all = operands.build(layers(network), batch);
      for (Op assign : operands.assigns) {
        run(session, assign);
      }
      all.forEach(rated -> run(session, rated.operation()));
      Protocol.send("first", Map.of());
      double seconds = warm > 0 ? Protocol.timed(() -> rates(session, all), 1) : 0;
      Protocol.send("ready", Map.of("seconds", seconds));
      BufferedReader in = Protocol.commands();
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        Protocol.send("round", rates(session, all));
      }
    }
  }

  private static List<Layer> layers(Network network) {
    return Layers.nodes(network.body(), network.inputShape()).stream()
        .filter(leaf -> leaf.layer() instanceof Conv2d convolution && convolution.kernel() == 3)
        .map(
            leaf ->
                new Layer(
                    leaf.input().get(0),
                    leaf.input().get(1),
                    leaf.input().get(2),
                    leaf.output().get(2)))
        .distinct()
        .toList();
  }

  private static Map<String, Double> rates(Session session, List<Rated> all) throws Exception {
    double[] best = new double[Direction.values().length];
    long start = System.nanoTime();
    for (Rated rated : all) {
      for (int i = 0; i < REPEATS; i++) {
        double seconds = Protocol.timed(() -> run(session, rated.operation()), 1);
        int direction = rated.direction().ordinal();
        best[direction] = Math.max(best[direction], rated.gigaflop() / seconds);
      }
    }
    return Map.of(
        "seconds", (System.nanoTime() - start) / 1e9,
        "forward", best[Direction.FORWARD.ordinal()],
        "input_gradient", best[Direction.INPUT_GRADIENT.ordinal()],
        "filter_gradient", best[Direction.FILTER_GRADIENT.ordinal()]);
  }

  private static void run(Session session, Op operation) {
    session.runner().addTarget(operation.op()).run().close();
  }

  /** Builds the operations over variables, which TensorFlow cannot fold away. */
  private static final class Operands {
    final List<Op> assigns = new ArrayList<>();
    private final Ops tf;
    private final Class<? extends TFloating> type;
    private final Map<Shape, Operand<TFloating>> values = new HashMap<>();

    Operands(Ops tf, Class<? extends TFloating> type) {
      this.tf = tf;
      this.type = type;
    }

    List<Rated> build(List<Layer> layers, int batch) {
      List<Long> strides = List.of(1L, 1L, 1L, 1L);
      List<Rated> all = new ArrayList<>();
      for (Layer layer : layers) {
        Shape inputShape = Shape.of(batch, layer.height(), layer.width(), layer.in());
        Shape filterShape = Shape.of(3, 3, layer.in(), layer.out());
        Operand<TFloating> input = value(inputShape);
        Operand<TFloating> filter = value(filterShape);
        Operand<TFloating> gradient =
            value(Shape.of(batch, layer.height(), layer.width(), layer.out()));
        double gigaflop =
            2e-9 * 9 * batch * layer.height() * layer.width() * layer.in() * layer.out();
        all.add(
            new Rated(Direction.FORWARD, tf.nn.conv2d(input, filter, strides, "SAME"), gigaflop));
        all.add(
            new Rated(
                Direction.INPUT_GRADIENT,
                tf.nn.conv2dBackpropInput(sizes(inputShape), filter, gradient, strides, "SAME"),
                gigaflop));
        all.add(
            new Rated(
                Direction.FILTER_GRADIENT,
                tf.nn.conv2dBackpropFilter(input, sizes(filterShape), gradient, strides, "SAME"),
                gigaflop));
      }
      return all;
    }

    private Operand<TInt32> sizes(Shape shape) {
      return tf.constant(Arrays.stream(shape.asArray()).mapToInt(Math::toIntExact).toArray());
    }

    /** Normal random numbers that stay the same. */
    private Operand<TFloating> value(Shape shape) {
      return values.computeIfAbsent(
          shape,
          s -> {
            @SuppressWarnings("unchecked")
            Class<TFloating> wide = (Class<TFloating>) type;
            Operand<TFloat32> random =
                tf.random.statelessRandomNormal(
                    tf.constant(s.asArray()), tf.constant(new long[] {1, assigns.size()}));
            VarHandleOp handle =
                tf.varHandleOp(wide, s, VarHandleOp.sharedName("value" + assigns.size()));
            assigns.add(tf.assignVariableOp(handle, tf.dtypes.cast(random, wide)));
            return tf.readVariableOp(handle, wide);
          });
    }
  }
}
