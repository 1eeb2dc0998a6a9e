package dev.lamina.benchmark;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shard;
import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.layer.Normalize;
import dev.lamina.network.Network;
import dev.lamina.pipeline.BatchPipeline;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.types.TFloat32;

/**
 * The input pipeline without the network, for benchmarks: the {@link BatchPipeline} of training,
 * then scaling to [0, 1] and normalisation.
 */
public final class InputPipeline implements AutoCloseable {
  private final GraphSession session;
  private final BatchPipeline pipeline;
  private final Operand<TFloat32> normalized;

  /** Builds the pipeline and loads the images. */
  public InputPipeline(
      Device device, ImageSet images, List<BatchAugmentation> augmentations, Normalize normalize) {
    session = new GraphSession(device);
    pipeline = new BatchPipeline(session, images, augmentations, 0, 1, Shard.whole());
    normalized =
        Network.input(images.height(), images.width(), images.channels())
            .then(normalize)
            .apply(Context.inference(session), pipeline.batch().images());
    pipeline.load();
  }

  /**
   * Computes one batch.
   *
   * @param batch the indices of the images in the set
   * @param step the number of the step, the key of all random numbers
   */
  @SuppressWarnings("try") // The fed tensors are only kept alive.
  public void run(int[] batch, long step) {
    Session.Runner runner = session.runner();
    try (BatchPipeline.Fed fed = pipeline.feed(runner, batch, step)) {
      runner.addTarget(normalized).run().close();
    }
  }

  /** Frees the images and the graph. */
  @Override
  public void close() {
    pipeline.close();
    session.close();
  }
}
