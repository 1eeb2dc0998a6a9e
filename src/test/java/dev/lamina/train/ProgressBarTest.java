package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.PretendGpu;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The estimate of a run's time, by a clock of which every step takes a second. */
class ProgressBarTest {
  private static final ImageSet IMAGES = images(20);

  private static ImageSet images(int count) {
    return ImageSet.of(1, 1, 1, new byte[count], new int[count], List.of("a", "b"));
  }

  private static String shown(int epochs) {
    return shown(IMAGES, epochs, Device.cpu(), 1);
  }

  private static String shown(ImageSet images, int epochs, Device device, double... imageScales) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long[] nanos = {0};
    ProgressBar bar =
        new ProgressBar(new PrintStream(out, true, StandardCharsets.UTF_8), false, () -> nanos[0]);
    Callback clock =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle run) {
            nanos[0] += 1_000_000_000;
            if (event.step() == 200) {
              run.stop();
            }
          }
        };
    try (Model model =
        Model.of(Network.input(1, 1, 1).then(Flatten.create(), Dense.of(2)), 1, device)) {
      Trainer.builder()
          .epochs(epochs)
          .imageScales(imageScales)
          .batchSize(2)
          .callbacks(clock, bar)
          .build()
          .fit(model, images);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Ten steps of two images in each epoch; said after the fifth one, before the first epoch. */
  @Test
  void longRun_saysHowLongItTakes_onceNearTheStart() {
    assertThat(shown(12).lines().filter(line -> line.startsWith("about ")))
        .containsExactly("about 2 min for 12 epochs (2 images/s)");
    assertThat(shown(12)).startsWith("about 2 min");
    assertThat(shown(5)).contains("about 50 s for 5 epochs (2 images/s)\n");
    assertThat(shown(images(80), 1, Device.cpu(), 1))
        .contains("about 40 s for 1 epoch (2 images/s)\n");
  }

  /** Two batches in two seconds, the second of them of one image. */
  @Test
  void batchesThatAreNotFull_countTheirImages() {
    assertThat(shown(images(3), 40, Device.cpu(), 1))
        .contains("about 80 s for 40 epochs (2 images/s)\n");
  }

  /** As until a callback stops it. */
  @Test
  void endlessRun_hasAnEstimate() {
    assertThat(shown(Integer.MAX_VALUE))
        .startsWith("about 5965232.4 h for 2147483647 epochs (2 images/s)");
  }

  /** Six epochs of ten seconds, and six of four times as many pixels. */
  @Test
  void smallImagesFirst_makeTheRestTakeLonger() {
    assertThat(shown(IMAGES, 12, Device.cpu(), 0.5, 1))
        .startsWith("about 5 min for 12 epochs (2 images/s)");
  }

  /** The second of the first step is in no rate. */
  @Test
  void compilation_isShownAsSuch() {
    assertThat(shown(IMAGES, 1, PretendGpu.create().compiled(), 1))
        .startsWith(
            """
            XLA compiles the first step; this takes some tens of seconds
            compiled in 1.0 s
            epoch 1/1  loss""");
    assertThat(shown(1)).startsWith("epoch 1/1  loss");
  }

  @Test
  void shortRun_saysNothing() {
    assertThat(shown(2)).contains("epoch 2/2").doesNotContain("about");
  }

  /** In a terminal the line is written again while an epoch goes on, not only at its end. */
  @Test
  void bar_movesDuringAnEpoch() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long[] nanos = {0};
    ProgressBar bar =
        new ProgressBar(new PrintStream(out, true, StandardCharsets.UTF_8), true, () -> nanos[0]);
    Set<String> seen = new TreeSet<>();
    Callback clock =
        new Callback() {
          @Override
          public void onStep(StepEvent event, RunHandle run) {
            String percent = " %s%%".formatted(10 * event.step());
            if (event.step() == 4 || event.step() == 6) {
              // Written by a thread of its own.
              for (int i = 0; i < 1000 && !seen.contains(percent); i++) {
                Uninterruptibles.sleepUninterruptibly(Duration.ofMillis(10));
                if (out.toString(StandardCharsets.UTF_8).contains(percent)) {
                  seen.add(percent);
                }
              }
            }
            nanos[0] += 1_000_000_000;
          }
        };
    try (Model model = Model.of(Network.input(1, 1, 1).then(Flatten.create(), Dense.of(2)), 1)) {
      Trainer.builder().epochs(1).batchSize(2).callbacks(clock, bar).build().fit(model, IMAGES);
    }
    assertThat(seen).containsExactly(" 40%", " 60%");
  }
}
