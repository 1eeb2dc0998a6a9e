package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** What holds for every augmentation, and the chain. */
class AugmentationTest {

  static Stream<BatchAugmentation> augmentations() {
    return Stream.of(
        RandomFlip.horizontal(),
        RandomCrop.reflect(2),
        RandomCrop.zero(2),
        RandomCrop.edge(2),
        RandomTranslate.of(2),
        RandomResizedCrop.create(),
        Cutout.of(3),
        RandomErasing.create(),
        RandAugment.create(),
        ColorJitter.create().brightness(0.3).contrast(0.3).saturation(0.3),
        MixUp.of(1),
        CutMix.of(1),
        Chain.of(RandomCrop.reflect(2), RandomFlip.horizontal(), MixUp.of(1), CutMix.of(1)),
        Chain.of(RandomCrop.reflect(2), RandomFlip.horizontal(), Cutout.of(2)));
  }

  @ParameterizedTest
  @MethodSource("augmentations")
  void pixelsDependOnTheSeedAlone(BatchAugmentation augmentation) {
    Images images = Images.random(16, 5, 7, 3);
    Images changed = images.through(augmentation, 1, 2);

    assertThat(changed).isNotEqualTo(images);
    assertThat(images.through(augmentation, 1, 2)).isEqualTo(changed);
    assertThat(images.through(augmentation, 1, 3)).isNotEqualTo(changed);
    assertThat(images.through(augmentation, 2, 2)).isNotEqualTo(changed);
  }

  /** What is drawn for each image by itself; MixUp and CutMix draw once for the batch. */
  static Stream<BatchAugmentation> augmentationsOfImages() {
    return augmentations().filter(augmentation -> !augmentation.toString().contains("Mix"));
  }

  @ParameterizedTest
  @MethodSource("augmentationsOfImages")
  void drawsForEachImageByItself(BatchAugmentation augmentation) {
    Images one = Images.random(1, 5, 7, 3);
    Images changed =
        Images.of(16, 5, 7, 3, (n, y, x, c) -> one.at(0, y, x, c)).through(augmentation, 1, 2);

    assertThat(changed).isNotEqualTo(changed.with((n, y, x, c) -> changed.at(0, y, x, c)));
  }

  @ParameterizedTest
  @MethodSource("augmentations")
  void takesASingleGreyImage(BatchAugmentation augmentation) {
    Images changed = Images.random(1, 5, 7, 1).through(augmentation, 1, 2);
    assertThat(List.of(changed.batch(), changed.height(), changed.width(), changed.channels()))
        .containsExactly(1, 5, 7, 1);
  }

  @ParameterizedTest
  @MethodSource("augmentations")
  void knowsTheShapeBeforeItRuns(BatchAugmentation augmentation) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TUint8> changed =
          augmentation
              .apply(
                  tf,
                  Images.batch(tf, images(tf, Shape.of(-1, 5, 7, 3))),
                  tf.constant(new long[] {1, 2}))
              .images();
      assertThat(changed.shape().asArray()).containsExactly(-1, 5, 7, 3);
    }
  }

  @ParameterizedTest
  @MethodSource("augmentations")
  void refusesImagesOfUnknownSize(BatchAugmentation augmentation) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Operand<TInt64> seed = tf.constant(new long[] {1, 2});
      assertThatIllegalArgumentException()
          .isThrownBy(
              () ->
                  augmentation.apply(
                      tf, Images.batch(tf, images(tf, Shape.of(-1, -1, 7, 3))), seed))
          .withMessage(
              "images must have shape [batch, height, width, channels] with all but the batch"
                  + " known, got [-1, -1, 7, 3]");
    }
  }

  @Test
  void chainAppliesInOrderWithASeedForEachPosition() {
    Images images = Images.random(8, 5, 7, 3);
    Augmentation crop = RandomCrop.zero(2);
    Augmentation flip = RandomFlip.horizontal();
    Augmentation cutout = Cutout.of(2);

    for (List<Augmentation> order :
        List.of(
            List.of(crop, flip, cutout), List.of(flip, crop, crop), List.of(cutout, flip, flip))) {
      Images oneByOne =
          images.through(
              (tf, x) -> {
                List<Operand<TInt64>> seeds =
                    RandomOps.split(tf, tf.constant(new long[] {1, 2}), 3);
                Operand<TUint8> changed = x;
                for (int i = 0; i < 3; i++) {
                  changed = order.get(i).apply(tf, changed, seeds.get(i));
                }
                return changed;
              });
      assertThat(images.through(new Chain(List.copyOf(order)), 1, 2)).isEqualTo(oneByOne);
    }
    assertThat(images.through(Chain.of(crop, flip), 1, 2))
        .isNotEqualTo(images.through(Chain.of(flip, crop), 1, 2));
  }

  @Test
  void positionsHaveSeedsOfTheirOwn() {
    List<List<Double>> seeds = seedsOfPositions(4, 1, 2);
    Set<List<Double>> all = new HashSet<>(seeds);
    all.addAll(seedsOfPositions(4, 1, 3));
    all.addAll(seedsOfPositions(4, 2, 2));

    assertThat(all).hasSize(12);
    assertThat(seedsOfPositions(3, 1, 2)).isEqualTo(seeds.subList(0, 3));
  }

  private static List<List<Double>> seedsOfPositions(int positions, long... seed) {
    double[][] seeds =
        Drawn.run(
            tf -> {
              List<Operand<TInt64>> seen = new ArrayList<>();
              Augmentation spy =
                  (ops, images, own) -> {
                    seen.add(own);
                    return images;
                  };
              new Chain(Collections.nCopies(positions, spy))
                  .apply(
                      tf, Images.batch(tf, images(tf, Shape.of(-1, 2, 2, 1))), tf.constant(seed));
              return seen;
            });
    List<List<Double>> pairs = new ArrayList<>();
    for (double[] pair : seeds) {
      pairs.add(List.of(pair[0], pair[1]));
    }
    return pairs;
  }

  @Test
  void emptyChainChangesNothing() {
    Images images = Images.random(2, 3, 5, 3);
    assertThat(images.through(Chain.of(), 1, 2)).isEqualTo(images);
  }

  private static Operand<TUint8> images(Ops tf, Shape shape) {
    return tf.placeholder(TUint8.class, Placeholder.shape(shape));
  }
}
