package dev.lamina.pipeline;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.GraphSession;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * A set of images and labels that is stored once in TensorFlow's memory, for the graph to gather
 * batches from.
 */
final class ResidentImages implements ImageSource {
  private final GraphSession session;
  private final ImageSet set;
  private final VarHandleOp images;
  private final VarHandleOp labels;
  private final Placeholder<TUint8> imagesValue;
  private final Placeholder<TInt32> labelsValue;
  private final List<Op> assigns;
  private final List<Op> frees;
  private boolean loaded;
  private boolean closed;

  ResidentImages(GraphSession session, ImageSet set) {
    this.session = session;
    this.set = set;
    Ops tf = session.device().host(session.ops().withSubScope("resident"));
    Shape imagesShape = Shape.of(set.size(), set.height(), set.width(), set.channels());
    Shape labelsShape = Shape.of(set.size());
    // The scope makes names unique, so that a second set in the same graph is another variable.
    String name = tf.scope().makeOpName("images");
    images = tf.varHandleOp(TUint8.class, imagesShape, VarHandleOp.sharedName(name));
    labels = tf.varHandleOp(TInt32.class, labelsShape, VarHandleOp.sharedName(name + "_labels"));
    imagesValue = tf.placeholder(TUint8.class, Placeholder.shape(imagesShape));
    labelsValue = tf.placeholder(TInt32.class, Placeholder.shape(labelsShape));
    assigns =
        List.of(tf.assignVariableOp(images, imagesValue), tf.assignVariableOp(labels, labelsValue));
    frees = List.of(tf.destroyResourceOp(images), tf.destroyResourceOp(labels));
  }

  @Override
  public ImageSource other() {
    return this;
  }

  /** Copies the images to TensorFlow's memory. */
  @Override
  public void load() {
    if (loaded) {
      return;
    }
    loaded = true;
    try (TUint8 pixels =
            TUint8.tensorOf(
                Shape.of(set.size(), set.height(), set.width(), set.channels()),
                DataBuffers.of(set.pixels()));
        TInt32 classes = TInt32.vectorOf(set.labels())) {
      session
          .run(
              runner -> {
                runner.feed(imagesValue, pixels).feed(labelsValue, classes);
                assigns.forEach(runner::addTarget);
              })
          .close();
    }
  }

  @Override
  public Operand<TUint8> images(Ops tf, Operand<TInt32> indices) {
    return tf.gather(tf.readVariableOp(images, TUint8.class), indices, tf.constant(0));
  }

  @Override
  public Operand<TInt32> labels(Ops tf, Operand<TInt32> indices) {
    return tf.gather(tf.readVariableOp(labels, TInt32.class), indices, tf.constant(0));
  }

  @Override
  public void close() {
    // A closed session has freed them.
    if (!closed && !session.isClosed()) {
      session.run(runner -> frees.forEach(runner::addTarget)).close();
    }
    closed = true;
  }
}
