package dev.lamina.train;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.GraphSession;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/** Where a step gets the images and labels of its batch. */
interface ImageSource extends AutoCloseable {
  /** What a run was fed with, to be freed after it. */
  interface Fed extends AutoCloseable {
    @Override
    void close();
  }

  /** The source of a set: where it lies. */
  static ImageSource of(GraphSession session, ImageSet set) {
    return set.onDisk() ? new StreamedImages(session, set) : new ResidentImages(session, set);
  }

  /** The images at the given places: uint8 [N, height, width, channels]. */
  Operand<TUint8> images(Ops tf, Operand<TInt32> indices);

  /** The labels at the given places: [N]. */
  Operand<TInt32> labels(Ops tf, Operand<TInt32> indices);

  /** Makes ready for the first run; {@link #close()} frees what that takes. */
  void load();

  /** Says which batch comes soon. Batches are used in the order in which they are announced. */
  default void prepare(int[] batch) {}

  /** Feeds what {@link #images} and {@link #labels} need beside the indices. */
  default Fed feed(Session.Runner runner, int[] batch) {
    return () -> {};
  }

  @Override
  void close();
}
