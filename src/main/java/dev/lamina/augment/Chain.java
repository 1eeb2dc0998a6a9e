package dev.lamina.augment;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/**
 * Augmentations one after the other; a flip behind a crop shares the crop's pass over the pixels.
 */
record Chain(List<Augmentation> augmentations) implements Augmentation {

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = Draws.split(tf, seed, augmentations.size());
    Pixels pixels = Pixels.of(tf, images);
    for (int place = 0; place < augmentations.size(); place++) {
      pixels = add(tf, augmentations.get(place), pixels, seeds.get(place));
    }
    return pixels.images(tf);
  }

  private static Pixels add(
      Ops tf, Augmentation augmentation, Pixels pixels, Operand<TInt64> seed) {
    if (augmentation instanceof RandomCrop crop) {
      return crop.move(tf, pixels, seed);
    }
    if (augmentation instanceof RandomFlip flip) {
      return flip.move(tf, pixels, seed);
    }
    return Pixels.of(tf, augmentation.apply(tf, pixels.images(tf), seed));
  }
}
