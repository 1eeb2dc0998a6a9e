package dev.lamina.export;

import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A classifier that is ready to run and cannot change any more: its batch norms are folded into the
 * convolutions, its weights are constants. Safe from many threads. Close it.
 */
public final class FrozenNetwork implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Session session;
  private final Placeholder<TUint8> images;
  private final Operand<TFloat32> logits;

  /**
   * Builds the graph.
   *
   * @throws IllegalArgumentException where the weights are not those of the network
   */
  public FrozenNetwork(Servable servable) {
    try {
      Ops tf = Ops.create(graph);
      images = Signatures.images(tf, servable);
      logits = logits(tf, servable, images);
      session = new Session(graph);
    } catch (RuntimeException e) {
      graph.close();
      throw e;
    }
  }

  /** The logits, with batch norms folded and weights as constants: [N, classes]. */
  static Operand<TFloat32> logits(Ops tf, Servable servable, Operand<TUint8> images) {
    Servable folded = BatchNormFolding.fold(servable);
    return Signatures.apply(tf, folded.body(), Constants.add(folded, tf)::get, images);
  }

  /**
   * The logits of a batch.
   *
   * @param batch uint8 [N, height, width, channels]
   * @return what holds the logits, [N, classes]; close it
   */
  public TFloat32 run(TUint8 batch) {
    return (TFloat32) session.runner().feed(images, batch).fetch(logits).run().get(0);
  }

  /** Frees the native memory. */
  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
