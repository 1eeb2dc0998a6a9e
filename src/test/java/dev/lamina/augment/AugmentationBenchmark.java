package dev.lamina.augment;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
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
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Images a second (the scores) through each augmentation alone, 512 images of 32 x 32 x 3 at once.
 * {@code tools/bench-pipeline} runs it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class AugmentationBenchmark {
  private static final int BATCH = 512;

  @Param({
    "crop, reflect",
    "crop, zero",
    "crop, edge",
    "flip",
    "translate",
    "cutout",
    "colour jitter"
  })
  private String name = "flip";

  private final Graph graph = new Graph();
  private final Session session = new Session(graph);
  private final Ops tf = Ops.create(graph);
  private final ImageSet set = ImageData.embedded().train();
  private final Shape shape = Shape.of(BATCH, set.height(), set.width(), set.channels());
  private final Placeholder<TUint8> images =
      tf.placeholder(TUint8.class, Placeholder.shape(shape.tail().prepend(-1)));
  private final Placeholder<TInt64> key =
      tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
  private final TUint8 pixels = TUint8.tensorOf(shape, DataBuffers.of(first()));
  private Operand<TUint8> changed = images;
  private long step;

  private byte[] first() {
    byte[] all = new byte[set.pixels().remaining()];
    set.pixels().get(all);
    return Arrays.copyOf(all, Math.toIntExact(shape.size()));
  }

  @Setup
  public void build() {
    Augmentation augmentation =
        switch (name) {
          case "crop, reflect" -> RandomCrop.reflect(4);
          case "crop, zero" -> RandomCrop.zero(4);
          case "crop, edge" -> RandomCrop.edge(4);
          case "flip" -> RandomFlip.horizontal();
          case "translate" -> RandomTranslate.of(4);
          case "cutout" -> Cutout.of(8);
          case "colour jitter" ->
              ColorJitter.create().brightness(0.4).contrast(0.4).saturation(0.4);
          default -> throw new IllegalArgumentException(name);
        };
    changed = augmentation.apply(tf, images, key);
  }

  /** One batch, with draws of its own. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void augment() {
    try (TInt64 seed = TInt64.vectorOf(1, step++)) {
      session.runner().feed(images, pixels).feed(key, seed).addTarget(changed).run().close();
    }
  }

  @TearDown
  public void close() {
    pixels.close();
    session.close();
    graph.close();
  }
}
