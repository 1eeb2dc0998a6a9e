package dev.lamina.torture;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.graph.Precision;
import dev.lamina.model.Model;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongPredicate;

/**
 * What a checkpoint takes from training, at full width and batch 64: how much longer the time from
 * it to the end of the second step after it is than two steps without. That counts both the copy,
 * which stops training, and the writing, which continues beside it.
 */
final class CheckpointCost implements Callback {
  /** So a step is left over that nothing is written in. */
  private static final int STEPS = 3;

  private final LongPredicate enough;
  private final List<Double> seconds = new ArrayList<>();
  private final List<Double> stolen = new ArrayList<>();
  private long last;

  private CheckpointCost(LongPredicate enough) {
    this.enough = enough;
  }

  static String run(Limit limit, Path scratch) {
    CheckpointCost cost = new CheckpointCost(limit.start());
    try (Model model = ResNetCifar.builder().build()) {
      Trainer.builder()
          .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
          .precision(Precision.FLOAT32)
          .callbacks(cost, Checkpoints.in(scratch).every(Duration.ofDays(1)).everySteps(STEPS))
          .build()
          .fit(model, ImageData.embedded().train());
    }
    return cost.figures();
  }

  /** Comes before the checkpoint of this step. */
  @Override
  public void onStep(StepEvent event, RunHandle run) {
    long now = System.nanoTime();
    seconds.add((now - last) / 1e9);
    last = now;
    int steps = seconds.size();
    // The first steps are slow, and no checkpoint came before them.
    if (steps % STEPS == 0 && steps > 2 * STEPS) {
      stolen.add(seconds.get(steps - 3) + seconds.get(steps - 2) - 2 * seconds.get(steps - 1));
      if (enough.test(stolen.size())) {
        run.stop();
      }
    }
  }

  private String figures() {
    List<Double> sorted = stolen.stream().sorted().toList();
    double median = sorted.get(sorted.size() / 2);
    return String.format(
        Locale.ROOT,
        "%.3f s a checkpoint (median of %d, quartiles %.3f and %.3f), %.2f %% of the time at one a"
            + " minute; a step takes %.2f s",
        median,
        sorted.size(),
        sorted.get(sorted.size() / 4),
        sorted.get(sorted.size() * 3 / 4),
        100 * median / 60,
        seconds.stream().sorted().toList().get(seconds.size() / 2));
  }
}
