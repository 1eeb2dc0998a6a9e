package dev.lamina.train;

import dev.lamina.augment.Augmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Seeds;
import dev.lamina.graph.Variable;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.model.Model;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.Updates;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * One step of training, built into a model's graph and run by hand: the batch is gathered from the
 * resident images, augmented, passed through the network, and the weights are updated. {@link
 * Trainer} is a loop around it.
 *
 * <p>Where the loss or a gradient is not finite, nothing is updated and {@link DivergenceException}
 * is thrown.
 */
public final class TrainStep implements AutoCloseable {
  private static final String NOT_FINITE = "lamina: loss or gradient is not finite";

  /**
   * What a step did.
   *
   * @param loss the mean loss of the batch, before the update
   * @param correct the images of the batch whose largest logit was that of their class, before the
   *     update
   */
  public record Result(double loss, int correct) {}

  private final GraphSession session;
  private final ResidentImages resident;
  private final Placeholder<TInt32> indices;
  private final Placeholder<TInt64> key;
  private final Operand<TFloat32> loss;
  private final Operand<TInt32> correct;
  private final List<Op> targets = new ArrayList<>();
  private final Updates updates;
  private final long seed;

  /**
   * Builds the step and moves the images to where the graph can gather them. The optimizer starts
   * anew.
   *
   * @param seed the seed of augmentation and dropout
   */
  public TrainStep(
      Model model,
      ImageSet images,
      Optimizer optimizer,
      CrossEntropy crossEntropy,
      List<Augmentation> augmentations,
      long seed) {
    this.seed = seed;
    session = model.session();
    Ops tf = session.ops().withSubScope("step");
    resident = new ResidentImages(session, images);
    indices = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(-1)));
    key = tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
    Operand<TInt64> augmentKey =
        tf.math.add(key, tf.constant(new long[] {0, Seeds.of(0, "augment")}));
    Operand<TUint8> batch =
        Augmentation.chain(augmentations)
            .apply(tf.withSubScope("augment"), resident.images(tf, indices), augmentKey);
    Operand<TInt32> labels = resident.labels(tf, indices);
    Context context = Context.training(session, key);
    Operand<TFloat32> logits = model.network().apply(context, batch);
    loss = crossEntropy.apply(tf.withSubScope("loss"), logits, labels);
    correct = countCorrect(tf.withSubScope("metrics"), logits, labels);

    Map<Variable, Operand<TFloat32>> trained = new LinkedHashMap<>(context.reads());
    trained.keySet().removeIf(variable -> !variable.parameter().role().trainable());
    List<Operand<TFloat32>> gradients = gradients(trained);
    Op finite = checkFinite(tf.withSubScope("finite"), gradients);
    updates = Updates.build(optimizer, session, session.ops(), List.of(finite), trained, gradients);
    targets.addAll(updates.operations());
    targets.addAll(context.assignUpdates(tf.withControlDependencies(finite)));
    Map<Variable, float[]> zeros = new LinkedHashMap<>();
    updates
        .slots()
        .forEach(slot -> zeros.put(slot, new float[Math.toIntExact(slot.parameter().size())]));
    session.assign(zeros);
    // Last, so that nothing stays behind where building fails.
    resident.load();
  }

  private static Operand<TInt32> countCorrect(
      Ops tf, Operand<TFloat32> logits, Operand<TInt32> labels) {
    Operand<TInt32> predicted = tf.math.argMax(logits, tf.constant(1), TInt32.class);
    return tf.sum(tf.dtypes.cast(tf.math.equal(predicted, labels), TInt32.class), tf.constant(0));
  }

  private List<Operand<TFloat32>> gradients(Map<Variable, Operand<TFloat32>> trained) {
    Output<?>[] reads = trained.values().stream().map(Operand::asOutput).toArray(Output<?>[]::new);
    List<Operand<TFloat32>> gradients = new ArrayList<>();
    for (Output<?> gradient : session.graph().addGradients(loss.asOutput(), reads)) {
      gradients.add(gradient.expect(TFloat32.class));
    }
    return gradients;
  }

  /**
   * Fails the run before anything is updated. Half the sum of squares is finite only where every
   * gradient is.
   */
  private Op checkFinite(Ops tf, List<Operand<TFloat32>> gradients) {
    List<Operand<TFloat32>> norms = new ArrayList<>();
    norms.add(loss);
    gradients.forEach(gradient -> norms.add(tf.nn.l2Loss(gradient)));
    return tf.debugging.checkNumerics(tf.math.addN(norms), NOT_FINITE);
  }

  /**
   * Takes one step.
   *
   * @param batch the places of the batch's images in the set
   * @param step the number of the step, from 0; with the seed it decides all random draws
   * @param learningRate the learning rate
   * @param momentum the momentum
   * @throws DivergenceException where the loss or a gradient is not finite; the weights are then as
   *     before
   */
  public Result run(int[] batch, long step, double learningRate, double momentum) {
    Session.Runner runner = session.runner();
    try (TInt32 batchIndices = TInt32.vectorOf(batch);
        TInt64 stepKey = TInt64.vectorOf(seed, step);
        TFloat32 rate = TFloat32.scalarOf((float) learningRate);
        TFloat32 mass = TFloat32.scalarOf((float) momentum);
        TFloat32 count = TFloat32.scalarOf(step + 1f)) {
      runner
          .feed(indices, batchIndices)
          .feed(key, stepKey)
          .feed(updates.learningRate().value(), rate)
          .feed(updates.momentum().value(), mass)
          .feed(updates.step().value(), count);
      targets.forEach(runner::addTarget);
      try (var result = runner.fetch(loss).fetch(correct).run()) {
        return new Result(((TFloat32) result.get(0)).getFloat(), ((TInt32) result.get(1)).getInt());
      }
    } catch (TFInvalidArgumentException e) {
      if (String.valueOf(e.getMessage()).contains(NOT_FINITE)) {
        throw new DivergenceException(step, learningRate, "before the step");
      }
      throw e;
    }
  }

  /** Frees the resident images. The graph's nodes stay until the model is closed. */
  @Override
  public void close() {
    resident.close();
  }
}
