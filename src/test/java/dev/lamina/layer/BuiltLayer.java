package dev.lamina.layer;

import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TFloating;

/** A layer in a graph of its own, for inference and for training on the same variables. */
final class BuiltLayer implements AutoCloseable {
  final Shape input;
  final GraphSession session = new GraphSession(Device.cpu());
  final List<Variable> variables;
  final Placeholder<TFloat32> x;
  final Placeholder<TInt64> seed;
  final Context training;
  final Context inference;
  final Operand<TFloat32> trained;
  final Operand<TFloat32> inferred;

  BuiltLayer(Layer layer, Shape input) {
    this(layer, input, Precision.FLOAT32);
  }

  BuiltLayer(Layer layer, Shape input, Precision precision) {
    this.input = input;
    variables = Layers.createVariables(session, layer, input);
    x = session.ops().placeholder(TFloat32.class, Placeholder.shape(input.prepend(-1)));
    seed = session.ops().placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
    training = Context.training(session, seed, precision);
    inference = Context.inference(session);
    trained = build(training, layer);
    inferred = build(inference, layer);
  }

  /** The output is never the placeholder itself: what is fed must not be fetched. */
  private Operand<TFloat32> build(Context context, Layer layer) {
    return session
        .ops()
        .identity(
            Floats.expectFloat32(
                Floats.cast(
                    session.ops(),
                    Layers.build(context, layer, Floats.asFloating(x)),
                    TFloat32.class)));
  }

  /** The names of what compiled operations are fused to, one for each operation. */
  List<String> clusters() {
    return session.graph().toGraphDef().getNodeList().stream()
        .filter(node -> node.containsAttr("_XlaCompile"))
        .map(node -> node.getAttrOrThrow("_XlaScope").getS().toStringUtf8())
        .toList();
  }

  /** Values of everything that make a difference: nothing is 0 or 1, variances are positive. */
  void assignRandomValues(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Map<Variable, float[]> values = new LinkedHashMap<>();
    for (Variable variable : variables) {
      float[] array = new float[Math.toIntExact(variable.parameter().size())];
      boolean positive = variable.parameter().shape().numDimensions() == 1;
      for (int i = 0; i < array.length; i++) {
        array[i] = (float) (positive ? random.nextDouble(0.3, 1.3) : random.nextDouble(-0.5, 0.5));
      }
      values.put(variable, array);
    }
    session.assign(values);
  }

  float[] value(String name) {
    return session.fetch(session.variable(name).read());
  }

  void assign(Map<String, float[]> values) {
    Map<Variable, float[]> byVariable = new LinkedHashMap<>();
    values.forEach((name, array) -> byVariable.put(session.variable(name), array));
    session.assign(byVariable);
  }

  float[] infer(float[] values) {
    return run(inferred, values, 0, GraphSession::floats);
  }

  float[] train(float[] values, long step) {
    return run(trained, values, step, GraphSession::floats);
  }

  /** The gradients of the sum of y: of all parameters that it depends on, then of the input. */
  List<Operand<TFloating>> differentiate(Operand<TFloat32> y) {
    List<Output<?>> xs = new ArrayList<>();
    training.reads().values().forEach(read -> xs.add(read.asOutput()));
    xs.add(x.asOutput());
    Map<Output<?>, Operand<TFloating>> gradients = training.backward().gradients(y, xs);
    return xs.stream().filter(gradients::containsKey).map(gradients::get).toList();
  }

  /** The values of several operands, for the first step. */
  List<float[]> fetch(List<? extends Operand<?>> operands, float[] values) {
    try (TFloat32 batch = batch(values);
        TInt64 key = TInt64.vectorOf(7, 0)) {
      Session.Runner runner = feed(batch, key);
      operands.forEach(runner::fetch);
      try (var result = runner.run()) {
        List<float[]> all = new ArrayList<>();
        result.forEach(each -> all.add(GraphSession.floats(each.getValue())));
        return all;
      }
    }
  }

  /** The shape that an output has at run time. */
  Shape shape(Operand<TFloat32> fetch, float[] values) {
    return run(fetch, values, 0, Tensor::shape);
  }

  private <T> T run(Operand<TFloat32> fetch, float[] values, long step, Function<Tensor, T> copy) {
    try (TFloat32 batch = batch(values);
        TInt64 key = TInt64.vectorOf(7, step);
        var result = feed(batch, key).fetch(fetch).run()) {
      return copy.apply(result.get(0));
    }
  }

  Session.Runner feed(TFloat32 batch, TInt64 key) {
    return session.runner().feed(x, batch).feed(seed, key);
  }

  TFloat32 batch(float[] values) {
    Shape shape = input.prepend(values.length / input.size());
    return TFloat32.tensorOf(shape, DataBuffers.of(values, true, false));
  }

  @Override
  public void close() {
    session.close();
  }
}
