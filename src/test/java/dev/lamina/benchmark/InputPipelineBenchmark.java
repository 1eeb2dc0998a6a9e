package dev.lamina.benchmark;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Permutation;
import dev.lamina.graph.Device;
import dev.lamina.layer.Normalize;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The rate of the flagship's input pipeline, in batches per second. Run by {@code
 * tools/bench-pipeline}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class InputPipelineBenchmark {
  @Param({"64", "512"})
  private int batchSize;

  private final ImageSet images = ImageData.embedded().train();
  private final int[] order = Permutation.of(images.size(), 1, 1);
  private final InputPipeline pipeline =
      new InputPipeline(
          Device.cpu(),
          images,
          List.of(RandomCrop.reflect(4), RandomFlip.horizontal()),
          Normalize.of(new double[] {0.3, 0.3, 0.3}, new double[] {0.35, 0.35, 0.35}));
  private long step;

  /** One batch, in the order of an epoch. */
  @Benchmark
  public void batch() {
    int from = (int) (step * batchSize % (order.length - batchSize));
    pipeline.run(Arrays.copyOfRange(order, from, from + batchSize), step++);
  }

  @TearDown
  public void close() {
    pipeline.close();
  }
}
