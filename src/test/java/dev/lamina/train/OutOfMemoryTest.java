package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.Floats;
import dev.lamina.graph.Precision;
import dev.lamina.graph.PretendGpu;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.Layer;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.zoo.ResNetCifar;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Operand;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** A step that does not fit into memory. */
class OutOfMemoryTest {
  private static final ImageSet IMAGES =
      ImageSet.of(2, 3, 1, new byte[48], new int[] {0, 1, 0, 1, 0, 1, 0, 1}, List.of("a", "b"));

  @TempDir Path run;

  /** Takes 128 TiB, which no process can have. */
  private static Operand<TFloat32> huge(
      Ops tf, Operand<TFloat32> outputs, Operand<TFloat32> targets) {
    return huge(tf, CrossEntropy.create().apply(tf, outputs, targets), 0);
  }

  private static Operand<TFloat32> huge(Ops tf, Operand<TFloat32> values, int... axes) {
    Operand<TFloat32> sum = tf.stopGradient(tf.reduceSum(values, tf.constant(axes)));
    Operand<TFloat32> copies = tf.broadcastTo(sum, tf.constant(new long[] {1L << 45}));
    return tf.math.add(values, tf.stopGradient(tf.reduceSum(copies, tf.constant(0))));
  }

  /** Needs that memory in inference alone. */
  private record HugeInInference() implements Layer {
    @Override
    public Shape outputShape(Shape input) {
      return input;
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
      return context.training()
          ? input
          : Floats.asFloating(huge(context.tf(), Floats.expectFloat32(input), 0, 1));
    }
  }

  private Trainer.Builder trainer(Loss loss, int epochs, int accumulate) {
    return Trainer.builder()
        .loss(loss)
        .epochs(epochs)
        .batchSize(4)
        .accumulate(accumulate)
        .precision(Precision.FLOAT32)
        .allowChanges("loss", "epochs", "schedule", "accumulate")
        .callbacks(Checkpoints.in(run));
  }

  @Test
  void run_isResumedInSmallerParts() {
    Network network = Network.input(2, 3, 1).then(Flatten.create(), Dense.of(2)).name("Net");
    try (Model model = Model.of(network, 1, Device.cpu())) {
      trainer(CrossEntropy.create(), 1, 1).build().fit(model, IMAGES);
      OutOfMemoryException failure =
          catchThrowableOfType(
              OutOfMemoryException.class,
              () -> trainer(OutOfMemoryTest::huge, 2, 1).build().resume(run, model, IMAGES));
      assertThat(failure)
          .hasCauseInstanceOf(TFResourceExhaustedException.class)
          .message()
          .matches(
              "training ran out of memory: Net with 4 images of 3 x 2 at once takes about 0\\.5 GB, the machine has"
                  + " \\d+\\.\\d GB, of which other programs may hold some; use a batch size of at most 2, or"
                  + " accumulate 2: it computes a batch in as many parts, and may change when a run is resumed");
      assertThat(Checkpoints.newest(run).orElseThrow().step()).isEqualTo(2);
      History resumed =
          trainer(CrossEntropy.create(), 2, failure.accumulate())
              .build()
              .resume(run, model, IMAGES);
      assertThat(resumed.epochs()).hasSize(2);
    }
  }

  /** A smaller batch would not help. */
  @Test
  void evaluation_isNotTakenForAStep() {
    Network network =
        Network.input(2, 3, 1).then(Flatten.create(), Dense.of(2), new HugeInInference());
    try (Model model = Model.of(network, 1, Device.cpu())) {
      assertThatExceptionOfType(TFResourceExhaustedException.class)
          .isThrownBy(
              () ->
                  trainer(CrossEntropy.create(), 1, 1)
                      .callbacks()
                      .build()
                      .fit(model, IMAGES, IMAGES));
    }
  }

  @Test
  void card_isNamedWithTheBatchThatFits() {
    Network network = ResNetCifar.builder().width(64).network();
    MemoryEstimate estimate = MemoryEstimate.of(network, Precision.FLOAT16);
    long batch = (PretendGpu.MEMORY - estimate.process() - estimate.model()) / estimate.image();
    int size = (int) (3 * batch);
    OutOfMemoryException failure =
        estimate.exhausted(
            network,
            Recipe.create().batchSize(2 * size).accumulate(2),
            size,
            PretendGpu.create(),
            new IllegalStateException());
    // As many parts as make each of them fit.
    assertThat(failure.accumulate()).isEqualTo((int) Math.ceil(2.0 * size / batch));
    assertThat(failure)
        .message()
        .matches(
            "training ran out of memory: ResNetCifar with %d images of 32 x 32 at once takes about \\d+\\.\\d GB, gpu:7 has 8\\.6 GB, of which .*; use a batch size of at most %d, or accumulate %d: .*"
                .formatted(size, 2 * batch, failure.accumulate()));
    assertThat(
            estimate.exhausted(
                network, Recipe.create().batchSize(1), 1, PretendGpu.create(), failure))
        .hasMessageEndingWith("; use smaller images or a smaller network");
  }
}
