package dev.lamina.zoo;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Floats;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.step.TrainStep;
import dev.lamina.train.Trainer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * A model's pass in training mode, in float32, taken apart: all that the parity tests need to know
 * of how graphs are built and run.
 */
final class TrainingPass {
  private final Model model;
  private final Placeholder<TUint8> images;
  private final Placeholder<TInt32> labels;
  private final Operand<TFloat32> logits;
  private final Operand<TFloat32> loss;
  private final Map<String, Operand<TFloat32>> gradients = new LinkedHashMap<>();
  private final List<Op> updates = new ArrayList<>();

  /** Builds it into the model's graph. */
  TrainingPass(Model model) {
    this.model = model;
    GraphSession session = model.session();
    Ops tf = session.ops();
    Shape image = model.network().inputShape();
    images = tf.placeholder(TUint8.class, Placeholder.shape(image.prepend(-1)));
    labels = tf.placeholder(TInt32.class);
    Context context = Context.training(session, tf.constant(new long[] {1, 2}), Precision.FLOAT32);
    logits = model.network().apply(context, images);
    Operand<TFloat32> targets =
        tf.oneHot(labels, tf.constant(model.network().classes()), tf.constant(1f), tf.constant(0f));
    loss = tf.math.mean(CrossEntropy.create().apply(tf, logits, targets), tf.constant(0));
    Map<String, Output<TFloat32>> reads = new LinkedHashMap<>();
    context
        .reads()
        .forEach(
            (variable, read) -> {
              if (variable.parameter().role().trainable()) {
                reads.put(variable.name(), read.asOutput());
              }
            });
    var byRead = context.backward().gradients(loss, reads.values());
    reads.forEach(
        (name, read) ->
            gradients.put(
                name, Floats.expectFloat32(Objects.requireNonNull(byRead.get(read), name))));
    context
        .statistics()
        .forEach((variable, value) -> updates.add(tf.assignVariableOp(variable.handle(), value)));
  }

  /**
   * Runs it, and updates the running statistics.
   *
   * @return {@code logits}, {@code loss}, and as {@code grad.NAME} its gradient by each trainable
   *     parameter, in the order of the forward pass
   */
  Map<String, float[]> run(ImageSet set) {
    Map<String, Operand<TFloat32>> fetches = new LinkedHashMap<>();
    fetches.put("logits", logits);
    fetches.put("loss", loss);
    gradients.forEach((name, gradient) -> fetches.put("grad." + name, gradient));
    Iterator<float[]> fetched = fetch(set, List.copyOf(fetches.values()), updates).iterator();
    Map<String, float[]> results = new LinkedHashMap<>();
    fetches.keySet().forEach(name -> results.put(name, fetched.next()));
    return results;
  }

  /** Runs the forward part up to some results of it, and updates nothing. */
  List<float[]> activations(ImageSet set, List<Operand<TFloat32>> results) {
    return fetch(set, results, List.of());
  }

  private List<float[]> fetch(ImageSet set, List<Operand<TFloat32>> fetches, List<Op> targets) {
    try (TUint8 pixels = pixels(set);
        TInt32 classes = TInt32.vectorOf(set.labels())) {
      Session.Runner runner = model.session().runner().feed(images, pixels).feed(labels, classes);
      fetches.forEach(runner::fetch);
      targets.forEach(runner::addTarget);
      List<float[]> fetched = new ArrayList<>();
      try (var result = runner.run()) {
        result.forEach(entry -> fetched.add(GraphSession.floats(entry.getValue())));
      }
      return fetched;
    }
  }

  /**
   * Takes some steps, each on the next images of a set.
   *
   * @return the loss of each before its update
   */
  static double[] steps(
      Model model, ImageSet set, MomentumOptimizer optimizer, float[] learningRates) {
    int batch = set.size() / learningRates.length;
    double[] losses = new double[learningRates.length];
    try (TrainStep step =
        Trainer.builder()
            .optimizer(optimizer)
            .precision(Precision.FLOAT32)
            .build()
            .step(model, set)) {
      for (int i = 0; i < losses.length; i++) {
        step.resetMetrics();
        step.run(
            IntStream.range(i * batch, (i + 1) * batch).toArray(),
            i,
            learningRates[i],
            optimizer.momentum());
        losses[i] = step.metrics().loss();
      }
    }
    return losses;
  }

  /** How many operations of a kind a layer's training is built of, in all graphs so far. */
  static long operations(Model model, String layer, String kind) {
    return model.session().graph().toGraphDef().getNodeList().stream()
        .filter(node -> node.getName().contains("train/" + layer + "/"))
        .filter(node -> node.getOp().equals(kind))
        .count();
  }

  private static TUint8 pixels(ImageSet set) {
    int size = set.height() * set.width() * set.channels();
    byte[] pixels = new byte[set.size() * size];
    for (int i = 0; i < set.size(); i++) {
      set.copyImage(i, pixels, i * size);
    }
    return TUint8.tensorOf(
        Shape.of(set.size(), set.height(), set.width(), set.channels()),
        DataBuffers.of(pixels, true, false));
  }
}
