package dev.lamina.augment;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** Augmentations one after the other. */
record Chain(List<Augmentation> augmentations) implements Augmentation {

  @Override
  public Operand<TUint8> apply(Ops tf, Operand<TUint8> images, Operand<TInt64> seed) {
    List<Operand<TInt64>> seeds = Draws.split(tf, seed, augmentations.size());
    Operand<TUint8> changed = images;
    for (int place = 0; place < augmentations.size(); place++) {
      changed = augmentations.get(place).apply(tf, changed, seeds.get(place));
    }
    return changed;
  }
}
