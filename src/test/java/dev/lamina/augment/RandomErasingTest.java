package dev.lamina.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RandomErasingTest {
  private static final int HEIGHT = 40;
  private static final int WIDTH = 30;
  private static final int COUNT = 10_000;

  private static final int TOP = 0;
  private static final int LEFT = 1;
  private static final int ROWS = 2;
  private static final int COLUMNS = 3;

  private static int[][] drawn(RandomErasing erasing) {
    double[][] drawn =
        Drawn.run(
            tf -> {
              Rectangles all =
                  erasing.draw(
                      tf, tf.constant(COUNT), HEIGHT, WIDTH, tf.constant(new long[] {5, 6}));
              return List.of(all.top(), all.left(), all.height(), all.width());
            });
    int[][] whole = new int[4][];
    Arrays.setAll(whole, i -> Arrays.stream(drawn[i]).mapToInt(x -> (int) x).toArray());
    return whole;
  }

  /** Each rectangle lies inside, with area and proportion as asked, up to the rounding of sides. */
  @Test
  void rectangles_lieInside_withAreaAndProportion() {
    int[][] drawn = drawn(RandomErasing.create().probability(1).area(0.1, 0.2).maxRatio(2));
    double[] areas = new double[COUNT];
    for (int i = 0; i < COUNT; i++) {
      int height = drawn[ROWS][i];
      int width = drawn[COLUMNS][i];
      assertThat(height).isBetween(7, 22);
      assertThat(width).isBetween(7, 22);
      assertThat((height + 0.5) / (width - 0.5)).isGreaterThan(0.5);
      assertThat((height - 0.5) / (width + 0.5)).isLessThan(2);
      assertThat(drawn[TOP][i]).isBetween(0, HEIGHT - height);
      assertThat(drawn[LEFT][i]).isBetween(0, WIDTH - width);
      areas[i] = (double) height * width / (HEIGHT * WIDTH);
    }
    assertThat(Arrays.stream(areas).average().orElseThrow()).isCloseTo(0.15, within(0.002));
    assertThat(Arrays.stream(areas).min().orElseThrow()).isCloseTo(0.1, within(0.01));
    assertThat(Arrays.stream(areas).max().orElseThrow()).isCloseTo(0.2, within(0.01));
  }

  /** With one size only, every place is as likely as every other. */
  @Test
  void places_areUniform() {
    // Squares of 36 x 36 would be too wide, of 24 x 24 (0.48 of the area) fit in 17 x 7 places.
    int[][] drawn = drawn(RandomErasing.create().probability(1).area(0.48, 0.48).maxRatio(1));
    assertThat(drawn[ROWS]).containsOnly(24);
    assertThat(drawn[COLUMNS]).containsOnly(24);
    Drawn.assertUniform(
        IntStream.range(0, COUNT).map(i -> 7 * drawn[TOP][i] + drawn[LEFT][i]), 17 * 7);
  }

  /** The chance that all ten attempts are too large: the share of proportions that do not fit. */
  @Test
  void tooLargeRectangles_areDrawnAgain_tenTimes() {
    // Area 0.74: side 29.8 at proportion 1; it fits if width < 30 and height < 40.
    int[][] drawn = drawn(RandomErasing.create().probability(1).area(0.74, 0.74).maxRatio(16));
    double area = 0.74 * HEIGHT * WIDTH;
    // Rounded to 29 columns or fewer and 39 rows or fewer.
    double low = Math.log(area / (29.5 * 29.5));
    double high = Math.log(39.5 * 39.5 / area);
    double fits = (high - low) / (2 * Math.log(16));
    double none = Math.pow(1 - fits, 10);
    double empty = Arrays.stream(drawn[ROWS]).filter(height -> height == 0).count();
    assertThat(empty / COUNT).isCloseTo(none, within(4 * Math.sqrt(none * (1 - none) / COUNT)));
  }

  @Test
  void erasesTheAskedShareOfImages() {
    int[][] drawn = drawn(RandomErasing.create().probability(0.3));
    double erased = Arrays.stream(drawn[ROWS]).filter(height -> height > 0).count();
    assertThat(erased / COUNT).isCloseTo(0.3, within(4 * Math.sqrt(0.21 / COUNT)));
  }

  @Test
  void coversExactlyTheRectangle() {
    Images images = Images.random(3, 5, 7, 3);
    int[] top = {0, 2, 4};
    int[] left = {3, 0, 6};
    int[] height = {5, 0, 1};
    int[] width = {4, 7, 1};
    assertThat(
            images.through(
                (tf, x) ->
                    new Rectangles(
                            tf.constant(top),
                            tf.constant(left),
                            tf.constant(height),
                            tf.constant(width))
                        .cover(tf, x, 9)))
        .isEqualTo(
            images.with(
                (n, y, x, c) ->
                    y >= top[n] && y < top[n] + height[n] && x >= left[n] && x < left[n] + width[n]
                        ? 9
                        : images.at(n, y, x, c)));
  }

  @Test
  void fillsWithTheAskedShade() {
    Images black = Images.of(4, 8, 8, 1, (n, y, x, c) -> 0);
    RandomErasing always = RandomErasing.create().probability(1);
    assertThat(black.through(always, 1, 2).values().asList()).containsOnly(0, 128);
    assertThat(black.through(always.fill(5), 1, 2).values().asList()).containsOnly(0, 5);
  }

  @Test
  void refusesBadValues() {
    RandomErasing erasing = RandomErasing.create();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> erasing.probability(1.5))
        .withMessage("probability must be in [0, 1], got 1.5");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> erasing.area(0.5, 0.2))
        .withMessage("area must be in (0, 1) and minArea at most maxArea, got 0.5 to 0.2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> erasing.maxRatio(0.5))
        .withMessage("maxRatio must be at least 1, got 0.5");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> erasing.maxRatio(Double.POSITIVE_INFINITY))
        .withMessage("maxRatio must be finite, got Infinity");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> erasing.fill(256))
        .withMessage("fill must lie in 0..255, got 256");
  }
}
