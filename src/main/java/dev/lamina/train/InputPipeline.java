package dev.lamina.train;

import dev.lamina.augment.Augmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.GraphSession;
import dev.lamina.layer.Normalize;
import dev.lamina.model.Network;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * The way of a batch up to the first layer with weights, alone and to be measured: gathered from
 * the resident images, or read from disk, augmented, scaled to [0, 1] and normalised.
 */
public final class InputPipeline implements AutoCloseable {
  private final GraphSession session = new GraphSession();
  private final ImageSource source;
  private final Placeholder<TInt32> indices;
  private final Placeholder<TInt64> key;
  private final Operand<TFloat32> batch;

  /** Builds the pipeline and moves the images to where the graph can gather them. */
  public InputPipeline(ImageSet images, List<Augmentation> augmentations, Normalize normalize) {
    Ops tf = session.ops();
    source = ImageSource.of(session, images);
    indices = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(-1)));
    key = tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
    batch =
        Network.input(images.height(), images.width(), images.channels())
            .then(normalize)
            .apply(
                Context.inference(session),
                Augmentation.chain(augmentations).apply(tf, source.images(tf, indices), key));
    source.load();
  }

  /**
   * Makes one batch.
   *
   * @param images the places of the batch's images in the set
   * @param step the number of the step, which decides all random draws
   */
  @SuppressWarnings("try") // What is fed is held, not used.
  public void run(int[] images, long step) {
    Session.Runner runner = session.runner();
    try (ImageSource.Fed fed = source.feed(runner, images);
        TInt32 places = TInt32.vectorOf(images);
        TInt64 seed = TInt64.vectorOf(0, step)) {
      runner.feed(indices, places).feed(key, seed).addTarget(batch).run().close();
    }
  }

  /** Frees the images and the graph. */
  @Override
  public void close() {
    source.close();
    session.close();
  }
}
