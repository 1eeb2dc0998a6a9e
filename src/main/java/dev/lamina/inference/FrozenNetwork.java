package dev.lamina.inference;

import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Winograd;
import dev.lamina.network.Servable;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A classifier with frozen weights: batch norms are folded, weights are constants, and batches of
 * more than one image use {@link Winograd} convolutions.
 */
public final class FrozenNetwork implements InferenceNetwork {
  private final GraphSession session;
  private final Servable folded;
  private final Placeholder<TUint8> images;
  private final Map<String, Operand<TFloat32>> weights;
  private final Operand<TFloat32> one;
  private @Nullable Operand<TFloat32> many;

  /**
   * Builds the graph.
   *
   * @throws IllegalArgumentException if the weights do not match the network
   */
  public FrozenNetwork(Servable servable, Device device) {
    folded = BatchNormFolding.fold(servable);
    session = new GraphSession(device);
    try {
      images = folded.network().images(session.ops());
      weights = Constants.add(folded, session.ops());
      one = folded.network().apply(Context.frozen(session.ops(), weights::get), images);
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /**
   * Created lazily, because the transformed weights are four times as large. They are variables,
   * because TensorFlow copies a large constant several times while it prepares the graph.
   */
  private synchronized Operand<TFloat32> many() {
    if (many == null) {
      Map<String, Operand<TFloat32>> values = new HashMap<>(weights);
      Map<Variable, float[]> transformed = new HashMap<>();
      for (Layers.LayerNode node :
          Layers.nodes(folded.network().body(), folded.network().inputShape())) {
        if (session.device().usesWinograd()
            && node.layer() instanceof Conv2d layer
            && Winograd.pays(layer, node.input())) {
          Parameter weight = node.parameters().get(0);
          String name = node.fullName(weight);
          // The variable exists already if an earlier attempt failed.
          Variable variable = session.createOrGet(name, Winograd.transformed(weight));
          transformed.put(variable, Winograd.transformed(folded.weight(name)));
          values.put(name, variable.read());
        }
      }
      session.assign(transformed);
      many =
          transformed.isEmpty()
              ? one
              : folded
                  .network()
                  .apply(Context.frozen(session.ops().withSubScope("many"), values::get), images);
    }
    return many;
  }

  @Override
  public TFloat32 run(TUint8 batch) {
    Operand<TFloat32> logits = batch.shape().get(0) == 1 ? one : many();
    return (TFloat32) session.run(runner -> runner.feed(images, batch).fetch(logits)).get(0);
  }

  @Override
  public void close() {
    session.close();
  }
}
