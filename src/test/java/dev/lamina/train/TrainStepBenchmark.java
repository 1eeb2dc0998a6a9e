package dev.lamina.train;

import dev.lamina.augment.Augmentation;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Permutation;
import dev.lamina.model.Model;
import dev.lamina.zoo.ResNetCifar;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Images a second (the scores) of a narrow flagship's training step, on one fixed batch and on live
 * augmented data; the goal is a ratio of 0.98. {@code tools/bench-pipeline} runs it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class TrainStepBenchmark {
  private static final int BATCH = 64;

  @Param({"false", "true"})
  private boolean live;

  @Param("16")
  private int width;

  private final ImageSet images = ImageData.embedded().train();
  private final int[] order = Permutation.of(images.size(), 1, 1);
  private int number;

  // Made by build(), when JMH has set the parameters.
  @SuppressWarnings("NullAway.Init")
  private Model model;

  @SuppressWarnings("NullAway.Init")
  private TrainStep step;

  @Setup
  public void build() {
    Augmentation[] augmentations =
        live
            ? new Augmentation[] {RandomCrop.reflect(4), RandomFlip.horizontal()}
            : new Augmentation[0];
    model = ResNetCifar.builder().width(width).build();
    step = Trainer.builder().augment(augmentations).build().step(model, images);
  }

  /** One step. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void train() {
    int from = live ? number * BATCH % (order.length - BATCH) : 0;
    step.run(Arrays.copyOfRange(order, from, from + BATCH), number++, 1e-3, 0.9);
  }

  @TearDown
  public void close() {
    step.close();
    model.close();
  }
}
