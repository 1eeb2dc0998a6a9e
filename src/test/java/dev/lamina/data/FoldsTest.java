package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FoldsTest {
  /** 23 images, 3, 7, 12 and 1 of each class; the first byte of each is its number. */
  private static final int[] COUNTS = {3, 7, 12, 1};

  private static final ImageSet SET = set();

  private static ImageSet set() {
    int[] labels =
        IntStream.range(0, COUNTS.length)
            .flatMap(label -> IntStream.generate(() -> label).limit(COUNTS[label]))
            .toArray();
    byte[] pixels = new byte[labels.length * 3];
    for (int i = 0; i < labels.length; i++) {
      pixels[3 * i] = (byte) i;
    }
    return ImageSet.of(1, 1, 3, pixels, labels, List.of("a", "b", "c", "d"));
  }

  private static List<Integer> numbers(ImageSet set) {
    return IntStream.range(0, set.size()).mapToObj(i -> (int) set.pixels(i, i + 1).get()).toList();
  }

  private static void eachImageIsValidatedOnce(List<ImageSet.Split> folds) {
    List<Integer> validated = new ArrayList<>();
    for (ImageSet.Split fold : folds) {
      List<Integer> both = new ArrayList<>(numbers(fold.train()));
      assertThat(both).doesNotContainAnyElementsOf(numbers(fold.validation()));
      both.addAll(numbers(fold.validation()));
      assertThat(both).hasSize(SET.size());
      validated.addAll(numbers(fold.validation()));
    }
    assertThat(validated).containsExactlyInAnyOrderElementsOf(numbers(SET));
  }

  /** The sizes of scikit-learn's KFold: 23 = 5 + 5 + 5 + 4 + 4. */
  @Test
  void folds_haveNearlyEqualSizes() {
    List<ImageSet.Split> folds = Folds.of(SET, 5, 1);
    assertThat(folds).extracting(fold -> fold.validation().size()).containsExactly(5, 5, 5, 4, 4);
    eachImageIsValidatedOnce(folds);
  }

  /**
   * What scikit-learn's StratifiedKFold allocates: numpy.bincount(numpy.sort(y)[i::5]) for fold i.
   */
  @Test
  void stratifiedFolds_haveTheSameShareOfEveryClass() {
    List<ImageSet.Split> folds = Folds.stratified(SET, 5, 1);
    assertThat(folds)
        .extracting(
            fold -> {
              int[] counts = new int[COUNTS.length];
              for (int label : fold.validation().labels()) {
                counts[label]++;
              }
              return counts;
            })
        .containsExactly(
            new int[] {1, 1, 3, 0},
            new int[] {1, 1, 3, 0},
            new int[] {1, 1, 2, 1},
            new int[] {0, 2, 2, 0},
            new int[] {0, 2, 2, 0});
    eachImageIsValidatedOnce(folds);
  }

  @Test
  void folds_dependOnTheSeedAlone() {
    assertThat(numbers(Folds.stratified(SET, 3, 7).get(1).validation()))
        .isEqualTo(numbers(Folds.stratified(SET, 3, 7).get(1).validation()))
        .isNotEqualTo(numbers(Folds.stratified(SET, 3, 8).get(1).validation()));
  }

  @Test
  void k_outOfRange() {
    for (int k : new int[] {1, 24}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Folds.stratified(SET, k, 1))
          .withMessage("k must be in [2, 23 images], got %s", k);
    }
  }
}
