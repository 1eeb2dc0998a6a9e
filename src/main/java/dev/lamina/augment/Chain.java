package dev.lamina.augment;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/**
 * Augmentations one after the other, each with a seed of its own derived from the seed and its
 * position, so that equal augmentations at two positions draw independently. Appending one leaves
 * the draws of those before it as they were. An empty list changes nothing.
 *
 * <p>A crop and the flips after it share one pass over the pixels.
 *
 * @param augmentations the augmentations, in order
 */
public record Chain(List<BatchAugmentation> augmentations) implements BatchAugmentation {
  /** Copies the list of augmentations. */
  public Chain {
    augmentations = List.copyOf(augmentations);
  }

  /** Returns the chain of the given augmentations. */
  public static Chain of(BatchAugmentation... augmentations) {
    return new Chain(List.of(augmentations));
  }

  @Override
  public Batch apply(Ops tf, Batch batch, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = RandomOps.split(tf, seed, augmentations.size());
    Batch changed = batch;
    GatherPlan plan = GatherPlan.of(tf, batch.images());
    for (int i = 0; i < augmentations.size(); i++) {
      BatchAugmentation augmentation = augmentations.get(i);
      if (augmentation instanceof RandomCrop crop) {
        plan = crop.move(tf, plan, seeds.get(i));
      } else if (augmentation instanceof RandomFlip flip) {
        plan = flip.move(tf, plan, seeds.get(i));
      } else if (augmentation instanceof AlternatingFlip flip) {
        plan = flip.move(tf, plan, batch.origin());
      } else {
        changed = augmentation.apply(tf, changed.withImages(plan.images(tf)), seeds.get(i));
        plan = GatherPlan.of(tf, changed.images());
      }
    }
    return changed.withImages(plan.images(tf));
  }
}
