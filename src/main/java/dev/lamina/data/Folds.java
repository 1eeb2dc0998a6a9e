package dev.lamina.data;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The splits of k-fold cross-validation: each image is in the validation part of one of k splits,
 * and in the training part of the others. Which one depends only on the seed.
 *
 * <pre>{@code
 * for (ImageSet.Split fold : Folds.stratified(data.train(), 5, seed)) {
 *   trainer.fit(model(), fold.train(), fold.validation());
 * }
 * }</pre>
 */
public final class Folds {
  private Folds() {}

  /**
   * Returns splits whose validation parts have nearly equal sizes: as scikit-learn's {@code KFold}
   * the first ones have one image more if the number of images is no multiple of k.
   *
   * @param k the number of splits
   * @throws IllegalArgumentException if k is less than 2 or more than the number of images
   */
  public static List<ImageSet.Split> of(ImageSet set, int k, long seed) {
    return splits(set, k, order(set, seed));
  }

  /**
   * Returns splits whose validation parts have nearly equal sizes and nearly the same share of
   * every class: as with scikit-learn's {@code StratifiedKFold} both the sizes and the numbers of
   * images of a class differ by at most 1.
   *
   * @param k the number of splits
   * @throws IllegalArgumentException if k is less than 2 or more than the number of images
   */
  public static List<ImageSet.Split> stratified(ImageSet set, int k, long seed) {
    int[] byClass =
        Arrays.stream(order(set, seed))
            .boxed()
            .sorted(Comparator.comparing(set::label))
            .mapToInt(Integer::intValue)
            .toArray();
    return splits(set, k, byClass);
  }

  private static int[] order(ImageSet set, long seed) {
    return Permutation.of(set.size(), new SplittableRandom(seed).nextLong(), 0);
  }

  /** Every k-th image of the order is in the same validation part. */
  private static List<ImageSet.Split> splits(ImageSet set, int k, int[] order) {
    checkArgument(k >= 2 && k <= set.size(), "k must be in [2, %s images], got %s", set.size(), k);
    int[] foldOf = new int[set.size()];
    for (int i = 0; i < order.length; i++) {
      foldOf[order[i]] = i % k;
    }
    List<ImageSet.Split> splits = new ArrayList<>();
    for (int fold = 0; fold < k; fold++) {
      int own = fold;
      splits.add(
          new ImageSet.Split(
              set.subset(IntStream.range(0, foldOf.length).filter(i -> foldOf[i] != own).toArray()),
              set.subset(
                  IntStream.range(0, foldOf.length).filter(i -> foldOf[i] == own).toArray())));
    }
    return splits;
  }
}
