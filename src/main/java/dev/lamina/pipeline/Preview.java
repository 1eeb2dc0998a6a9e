package dev.lamina.pipeline;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shard;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Session;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TUint8;

/** Applies augmentations to images, outside training. */
public final class Preview {
  private Preview() {}

  /**
   * Returns the images of a set, each augmented once; equal seeds give equal pixels. Labels are
   * those of the set, even if an augmentation mixes targets.
   */
  @SuppressWarnings("try") // What is fed is held, not used.
  public static ImageSet of(
      ImageSet set, List<? extends BatchAugmentation> augmentations, long seed) {
    try (GraphSession session = new GraphSession(Device.cpu());
        BatchPipeline pipeline =
            new BatchPipeline(session, set, List.copyOf(augmentations), seed, 1, Shard.whole())) {
      pipeline.load();
      // Without augmentations the output is the fed tensor, which cannot be fetched.
      var images = session.ops().identity(pipeline.batch().images());
      Session.Runner runner = session.runner().fetch(images);
      try (BatchPipeline.Fed fed =
              pipeline.feed(runner, IntStream.range(0, set.size()).toArray(), 0);
          var result = runner.run()) {
        TUint8 output = (TUint8) result.get(0);
        byte[] bytes = new byte[Math.toIntExact(output.size())];
        output.copyTo(DataBuffers.of(bytes, false, false));
        return ImageSet.of(
            Math.toIntExact(output.shape().get(1)),
            Math.toIntExact(output.shape().get(2)),
            Math.toIntExact(output.shape().get(3)),
            bytes,
            set.labels(),
            set.classNames());
      }
    }
  }
}
