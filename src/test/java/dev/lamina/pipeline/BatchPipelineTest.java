package dev.lamina.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.AlternatingFlip;
import dev.lamina.data.ImageSet;
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
  @SuppressWarnings("try") // What is fed is held, not used.
  void alternatingFlip_followsTheEpochAndTheIndex() {
    BatchOrder order = new BatchOrder(images(), Shuffled.create(), 2, false, 3);
    boolean[][] mirrored = new boolean[EPOCHS][IMAGES];
    for (int shard = 0; shard < 2; shard++) {
      boolean[][] seen = new boolean[EPOCHS][IMAGES];
      try (GraphSession session = new GraphSession(Device.cpu());
          BatchPipeline pipeline =
              new BatchPipeline(
                  session,
                  images(),
                  List.of(AlternatingFlip.horizontal()),
                  3,
                  order.stepsPerEpoch(),
                  shard)) {
        pipeline.load();
        for (int step = 0; step < EPOCHS * order.stepsPerEpoch(); step++) {
          int[] batch = order.batch(step);
          Session.Runner runner = session.runner().fetch(pipeline.batch().images());
          try (BatchPipeline.Fed fed = pipeline.feed(runner, batch, step);
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
      if (shard == 1) {
        assertThat(seen).as("whatever shard an image is in").isDeepEqualTo(mirrored);
      }
      mirrored = seen;
    }
    for (int epoch = 1; epoch < EPOCHS; epoch++) {
      for (int i = 0; i < IMAGES; i++) {
        assertThat(mirrored[epoch][i]).isNotEqualTo(mirrored[epoch - 1][i]);
      }
    }
    assertThat(Arrays.toString(mirrored[0])).contains("true", "false");
  }
}
