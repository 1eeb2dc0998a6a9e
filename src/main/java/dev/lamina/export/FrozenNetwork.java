package dev.lamina.export;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Winograd;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A classifier that is ready to run and cannot change any more: its batch norms are folded into the
 * convolutions, its weights are constants, and where more than one image comes at once,
 * convolutions are in {@link Winograd}'s form. Safe from many threads. Close it.
 */
public final class FrozenNetwork implements AutoCloseable {
  private final GraphSession session = new GraphSession();
  private final Servable folded;
  private final Placeholder<TUint8> images;
  private final Map<String, Operand<TFloat32>> weights;
  private final Operand<TFloat32> one;
  private @Nullable Operand<TFloat32> many;

  /**
   * Builds the graph.
   *
   * @throws IllegalArgumentException where the weights are not those of the network
   */
  public FrozenNetwork(Servable servable) {
    folded = BatchNormFolding.fold(servable);
    try {
      images = Signatures.images(session.ops(), folded);
      weights = Constants.add(folded, session.ops());
      one = Signatures.apply(session.ops(), folded.body(), weights::get, images);
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /**
   * Built when first needed: the transformed weights are four times as large. They are variables,
   * since a constant of that size is copied several times while its graph is made ready.
   */
  private synchronized Operand<TFloat32> many() {
    if (many == null) {
      Map<String, Operand<TFloat32>> values = new HashMap<>(weights);
      Map<Variable, float[]> transformed = new HashMap<>();
      for (Layers.Leaf leaf : Layers.leaves(folded.body(), folded.image())) {
        if (leaf.layer() instanceof Conv2d layer && Winograd.pays(layer, leaf.input())) {
          Parameter weight = leaf.parameters().get(0);
          String name = leaf.fullName(weight);
          // There is one already where an earlier attempt failed.
          Variable variable = session.createOrGet(name, Winograd.transformed(weight));
          transformed.put(variable, Winograd.transformed(folded.weight(name)));
          values.put(name, variable.read());
        }
      }
      session.assign(transformed);
      many =
          transformed.isEmpty()
              ? one
              : Signatures.apply(
                  session.ops().withSubScope("many"), folded.body(), values::get, images);
    }
    return many;
  }

  /**
   * The logits of a batch.
   *
   * @param batch uint8 [N, height, width, channels]
   * @return what holds the logits, [N, classes]; close it
   * @throws IllegalStateException where this is closed before the run begins
   */
  public TFloat32 run(TUint8 batch) {
    Operand<TFloat32> logits = batch.shape().get(0) == 1 ? one : many();
    return (TFloat32) session.run(runner -> runner.feed(images, batch).fetch(logits)).get(0);
  }

  /** Waits for what runs at this moment, then frees the native memory. */
  @Override
  public void close() {
    session.close();
  }
}
