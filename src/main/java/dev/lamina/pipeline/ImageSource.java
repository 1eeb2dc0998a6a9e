package dev.lamina.pipeline;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.GraphSession;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/** The source of the images and labels of batches. */
interface ImageSource extends AutoCloseable {
  /** The tensors that a run was fed with, to be freed after it. */
  interface Fed extends AutoCloseable {
    @Override
    void close();
  }

  /** Returns the source for a set, in memory or on disk. */
  static ImageSource of(GraphSession session, ImageSet set) {
    return set.onDisk() ? new StreamedImages(session, set) : new ResidentImages(session, set);
  }

  /** Returns the images at the given indices: uint8 [N, height, width, channels]. */
  Operand<TUint8> images(Ops tf, Operand<TInt32> indices);

  /** Returns the labels at the given indices: [N]. */
  Operand<TInt32> labels(Ops tf, Operand<TInt32> indices);

  /** Returns a source of other batches of the set, or this one if it can serve them too. */
  ImageSource other();

  /** Prepares the first run, once; {@link #close()} frees the memory of it. */
  void load();

  /** Announces a batch. Batches are used in the order in which they are announced. */
  default void prepare(int[] batch) {}

  /** Feeds the inputs of {@link #images} and {@link #labels} other than the indices. */
  default Fed feed(Session.Runner runner, int[] batch) {
    return () -> {};
  }

  @Override
  void close();
}
