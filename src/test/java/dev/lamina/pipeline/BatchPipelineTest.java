package dev.lamina.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.augment.AlternatingFlip;
import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shard;
import dev.lamina.data.Shuffled;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Session;
import org.tensorflow.types.TUint8;

class BatchPipelineTest {
  private static final int IMAGES = 5;
  private static final int EPOCHS = 4;

  /** Images of 1 x 2 pixels: 0 and one more than the index. */
  private static ImageSet images() {
    byte[] pixels = new byte[2 * IMAGES];
    for (int i = 0; i < IMAGES; i++) {
      pixels[2 * i + 1] = (byte) (i + 1);
    }
    return ImageSet.of(1, 2, 1, pixels, new int[IMAGES], List.of("a", "b"));
  }

  /** Two batches of two images and a short one, in a new order in every epoch. */
  @Test
  void alternatingFlip_followsTheEpochAndTheIndex() {
    boolean[][] mirrored = new boolean[EPOCHS][IMAGES];
    mirror(Shard.whole(), mirrored);
    boolean[][] byShards = new boolean[EPOCHS][IMAGES];
    mirror(new Shard(0, 2), byShards);
    mirror(new Shard(1, 2), byShards);
    assertThat(byShards).as("whatever shard an image is in").isDeepEqualTo(mirrored);
    for (int epoch = 1; epoch < EPOCHS; epoch++) {
      for (int i = 0; i < IMAGES; i++) {
        assertThat(mirrored[epoch][i]).isNotEqualTo(mirrored[epoch - 1][i]);
      }
    }
    assertThat(Arrays.toString(mirrored[0])).contains("true", "false");
  }

  /** Notes which images of a shard are mirrored in which epoch. */
  @SuppressWarnings("try") // What is fed is held, not used.
  private static void mirror(Shard shard, boolean[][] seen) {
    BatchOrder order = new BatchOrder(images(), Shuffled.create(), 2, false, 3);
    List<BatchAugmentation> flip = List.of(AlternatingFlip.horizontal());
    try (GraphSession session = new GraphSession(Device.cpu());
        BatchPipeline pipeline =
            new BatchPipeline(session, images(), flip, 3, order.stepsPerEpoch(), shard)) {
      pipeline.load();
      for (int step = 0; step < EPOCHS * order.stepsPerEpoch(); step++) {
        int[] batch = shard.of(order.batch(step));
        Session.Runner runner = session.runner().fetch(pipeline.batch().images());
        try (BatchPipeline.Fed fed = pipeline.feed(runner, order.batch(step), step);
            var result = runner.run()) {
          TUint8 pixels = (TUint8) result.get(0);
          for (int i = 0; i < batch.length; i++) {
            boolean flipped = pixels.getByte(i, 0, 0, 0) == batch[i] + 1;
            assertThat(pixels.getByte(i, 0, flipped ? 1 : 0, 0)).isZero();
            seen[order.epoch(step) - 1][batch[i]] = flipped;
          }
        }
      }
    }
  }

  @Test
  void wrongSamplers_areRefused() {
    refuses(
        new int[4], "sampler must give as many indices as the set has images, 5, got 4 in epoch 2");
    refuses(new int[] {0, 1, 2, 3, 5}, "sampler must give indices from 0 to 4, got 5");
    refuses(new int[] {0, 1, -2, 3, 4}, "sampler must give indices from 0 to 4, got -2");
  }

  private static void refuses(int[] chosen, String message) {
    BatchOrder order = new BatchOrder(images(), (set, seed, epoch) -> chosen, 2, false, 3);
    assertThatIllegalArgumentException().isThrownBy(() -> order.batch(3)).withMessage(message);
  }

  /** An empty shard is an image of weight 0, since a graph cannot run on none. */
  @Test
  @SuppressWarnings("try") // What is fed is held, not used.
  void emptyShard_isAnImageWithoutWeight() {
    try (GraphSession session = new GraphSession(Device.cpu());
        BatchPipeline pipeline =
            new BatchPipeline(session, images(), List.of(), 3, 1, new Shard(0, 2))) {
      pipeline.load();
      for (int size = 1; size <= 3; size++) {
        Session.Runner runner = session.runner().fetch(pipeline.batch().weights());
        try (BatchPipeline.Fed fed = pipeline.feed(runner, new int[size], 0);
            var result = runner.run()) {
          assertThat(GraphSession.floats(result.get(0))).containsExactly(size == 1 ? 0 : 1);
        }
      }
    }
  }
}
