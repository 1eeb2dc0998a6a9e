package dev.lamina.pipeline;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shard;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TUint8;

/** Applies augmentations to images, outside training. */
public final class Preview {
  private Preview() {}

  /**
   * Returns the images of a set as each of some epochs would see them, in its order; every call
   * gives equal pixels. Labels are those of the set, even if an augmentation mixes targets.
   */
  public static List<ImageSet> of(
      ImageSet set, List<? extends BatchAugmentation> augmentations, int epochs) {
    List<ImageSet> augmented = new ArrayList<>();
    try (GraphSession session = new GraphSession(Device.cpu());
        BatchPipeline pipeline =
            new BatchPipeline(session, set, List.copyOf(augmentations), 1, 1, Shard.whole())) {
      pipeline.load();
      // Without augmentations the output is the fed tensor, which cannot be fetched.
      var images = session.ops().identity(pipeline.batch().images());
      for (int epoch = 0; epoch < epochs; epoch++) {
        augmented.add(run(session, pipeline, images, set, epoch));
      }
    }
    return augmented;
  }

  @SuppressWarnings("try") // What is fed is held, not used.
  private static ImageSet run(
      GraphSession session,
      BatchPipeline pipeline,
      Operand<TUint8> images,
      ImageSet set,
      int epoch) {
    Session.Runner runner = session.runner().fetch(images);
    try (BatchPipeline.Fed fed =
            pipeline.feed(runner, IntStream.range(0, set.size()).toArray(), epoch);
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
