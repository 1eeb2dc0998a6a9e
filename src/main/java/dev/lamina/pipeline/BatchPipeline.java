package dev.lamina.pipeline;

import dev.lamina.augment.Batch;
import dev.lamina.augment.BatchAugmentation;
import dev.lamina.augment.Chain;
import dev.lamina.augment.Origin;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Shard;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.RandomKey;
import dev.lamina.graph.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/**
 * The input pipeline of training, the benchmark and the preview: images and labels are gathered
 * from memory or read from disk one step ahead, labels become one-hot targets, augmentations change
 * both. Random draws depend only on seed, step and shard. Of several workers each takes its shard
 * of every batch.
 *
 * <p>{@link BatchOrder} gives the indices of a step.
 */
public final class BatchPipeline implements AutoCloseable {
  /** The tensors that a run was fed with, to be freed after it. */
  public interface Fed extends AutoCloseable {
    @Override
    void close();
  }

  private final ImageSource source;
  private final Placeholder<TInt32> indices;
  private final Placeholder<TInt64> key;
  private final Batch batch;
  private final long seed;
  private final Shard shard;

  /** The weight of every example: 0 if the shard is empty. Null if the batch is not divided. */
  private final @Nullable Placeholder<TFloat32> weight;

  /**
   * Builds the pipeline into a graph.
   *
   * @param images the set
   * @param augmentations random changes of the batch, in order
   * @param seed the seed of the run
   * @param stepsPerEpoch the number of steps that pass over the set once
   * @param shard which part of every batch this takes
   */
  public BatchPipeline(
      GraphSession session,
      ImageSet images,
      List<BatchAugmentation> augmentations,
      long seed,
      int stepsPerEpoch,
      Shard shard) {
    this(
        session,
        ImageSource.of(session, images),
        images.classes(),
        augmentations,
        seed,
        stepsPerEpoch,
        shard);
  }

  private BatchPipeline(
      GraphSession session,
      ImageSource source,
      int classes,
      List<BatchAugmentation> augmentations,
      long seed,
      int stepsPerEpoch,
      Shard shard) {
    this.source = source;
    this.seed = seed;
    this.shard = shard;
    Ops tf = session.device().host(session.ops().withSubScope("batch"));
    indices = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(-1)));
    key = tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(2)));
    weight =
        shard.count() == 1
            ? null
            : tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    batch =
        new Chain(augmentations)
            .apply(
                tf.withSubScope("augment"),
                batch(tf, classes, stepsPerEpoch),
                RandomKey.forUse(tf, key, "augment"));
  }

  /**
   * Builds the pipelines of several devices, one for each shard; a set in memory is there once.
   *
   * @param shards which part of every batch each takes
   */
  public static List<BatchPipeline> of(
      GraphSession session,
      ImageSet images,
      List<BatchAugmentation> augmentations,
      long seed,
      int stepsPerEpoch,
      List<Shard> shards) {
    List<BatchPipeline> pipelines = new ArrayList<>();
    for (Shard shard : shards) {
      ImageSource source =
          pipelines.isEmpty() ? ImageSource.of(session, images) : pipelines.get(0).source.other();
      pipelines.add(
          new BatchPipeline(
              session, source, images.classes(), augmentations, seed, stepsPerEpoch, shard));
    }
    return pipelines;
  }

  private Batch batch(Ops tf, int classes, int stepsPerEpoch) {
    Operand<TInt32> labels = source.labels(tf, indices);
    Operand<TFloat32> targets =
        tf.oneHot(labels, tf.constant(classes), tf.constant(1f), tf.constant(0f));
    Operand<TFloat32> weights =
        tf.fill(tf.shape(labels), weight == null ? tf.constant(1f) : weight);
    Operand<TInt64> step = tf.gather(key, tf.constant(1), tf.constant(0));
    Operand<TInt64> epoch = tf.math.floorDiv(step, tf.constant((long) stepsPerEpoch));
    return new Batch(
        source.images(tf, indices), targets, weights, new Origin(indices, epoch, seed));
  }

  /** Returns the batch, augmented. */
  public Batch batch() {
    return batch;
  }

  /** Returns the key of the step's random numbers: int64 [2]. */
  public Operand<TInt64> key() {
    return key;
  }

  /** Prepares the first run: copies a set in memory to the device. */
  public void load() {
    source.load();
  }

  /** Announces a batch, so that it is read from disk while the step before it runs. */
  public void prepare(int[] batch) {
    source.prepare(taken(batch));
  }

  /** Returns the images that this shard takes: at least one, since a graph cannot run on none. */
  private int[] taken(int[] batch) {
    int[] taken = shard.of(batch);
    return taken.length == 0 && batch.length > 0 ? new int[] {batch[0]} : taken;
  }

  /** Feeds the inputs of a batch that is not divided into micro-batches. */
  public Fed feed(Session.Runner runner, int[] batch, long step) {
    return feed(runner, batch, step, 0);
  }

  /**
   * Feeds the inputs of this shard of a batch, or of one of its micro-batches. If the shard is
   * empty, it is one image of weight 0.
   *
   * @param batch the indices of the images of the whole batch
   * @param step the number of the step, from 0
   * @param part the number of the micro-batch in the step, from 0; each draws for itself
   * @return the fed tensors; close them after the run
   */
  public Fed feed(Session.Runner runner, int[] batch, long step, int part) {
    int[] taken = taken(batch);
    ImageSource.Fed images = source.feed(runner, taken);
    TInt32 indexValues = TInt32.vectorOf(taken);
    long ownSeed = part == 0 ? seed : Seeds.deriveSeed(seed, "micro-batch " + part);
    TInt64 keyValues = TInt64.vectorOf(RandomKey.of(ownSeed, step, shard.index()));
    TFloat32 weightValue = TFloat32.scalarOf(shard.of(batch).length == 0 ? 0 : 1);
    runner.feed(indices, indexValues).feed(key, keyValues);
    if (weight != null) {
      runner.feed(weight, weightValue);
    }
    return () -> {
      images.close();
      indexValues.close();
      keyValues.close();
      weightValue.close();
    };
  }

  /** Frees the images. */
  @Override
  public void close() {
    source.close();
  }
}
