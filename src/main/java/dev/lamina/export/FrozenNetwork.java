package dev.lamina.export;

import dev.lamina.graph.GraphSession;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A classifier that is ready to run and cannot change any more: its batch norms are folded into the
 * convolutions, its weights are constants. Safe from many threads. Close it.
 */
public final class FrozenNetwork implements AutoCloseable {
  private final GraphSession session = new GraphSession();
  private final Placeholder<TUint8> images;
  private final Operand<TFloat32> logits;

  /**
   * Builds the graph.
   *
   * @throws IllegalArgumentException where the weights are not those of the network
   */
  public FrozenNetwork(Servable servable) {
    try {
      images = Signatures.images(session.ops(), servable);
      logits = logits(session.ops(), servable, images);
    } catch (RuntimeException e) {
      session.close();
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
   * @throws IllegalStateException where this is closed before the run begins
   */
  public TFloat32 run(TUint8 batch) {
    return (TFloat32) session.run(runner -> runner.feed(images, batch).fetch(logits)).get(0);
  }

  /** Waits for what runs at this moment, then frees the native memory. */
  @Override
  public void close() {
    session.close();
  }
}
