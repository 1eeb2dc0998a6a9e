package dev.lamina.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageSet;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.network.Network;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TtaTest {
  private static final int HEIGHT = 4;
  private static final int WIDTH = 3;

  /** More than one batch, and a short last one. */
  private static final int COUNT = 131;

  private static final Network NETWORK =
      Network.input(HEIGHT, WIDTH, 2)
          .then(Conv2d.of(3, 2), Activation.TANH, Flatten.create(), Dense.of(3));

  private static ImageSet images() {
    byte[] pixels = new byte[COUNT * HEIGHT * WIDTH * 2];
    new Random(1).nextBytes(pixels);
    int[] labels = new Random(2).ints(COUNT, 0, 3).toArray();
    return ImageSet.of(HEIGHT, WIDTH, 2, pixels, labels, List.of("a", "b", "c"));
  }

  /** The images padded by one reflected pixel on each side, cut out again at (top, left). */
  private static ImageSet view(ImageSet set, int top, int left, boolean mirrored) {
    byte[] pixels = new byte[COUNT * HEIGHT * WIDTH * 2];
    int[] rows = {1, 0, 1, 2, 3, 2};
    int[] columns = {1, 0, 1, 2, 1};
    int at = 0;
    for (int n = 0; n < COUNT; n++) {
      byte[] image = set.image(n);
      for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
          int column = columns[left + (mirrored ? WIDTH - 1 - x : x)];
          for (int c = 0; c < 2; c++) {
            pixels[at++] = image[(rows[top + y] * WIDTH + column) * 2 + c];
          }
        }
      }
    }
    return ImageSet.of(HEIGHT, WIDTH, 2, pixels, set.labels(), set.classNames());
  }

  private static void check(Model model, ImageSet set, Tta tta, double[] weights, float[][]... of) {
    double loss = 0;
    int right = 0;
    for (int n = 0; n < COUNT; n++) {
      double[] mean = new double[3];
      for (int i = 0; i < weights.length; i++) {
        for (int k = 0; k < 3; k++) {
          mean[k] += weights[i] * of[i][n][k];
        }
      }
      double sum = 0;
      int best = 0;
      for (int k = 0; k < 3; k++) {
        sum += Math.exp(mean[k]);
        best = mean[k] > mean[best] ? k : best;
      }
      loss += Math.log(sum) - mean[set.label(n)];
      right += best == set.label(n) ? 1 : 0;
    }
    Evaluation evaluation = model.evaluate(set, tta);
    assertThat(evaluation.loss()).isCloseTo(loss / COUNT, within(1e-6));
    assertThat(evaluation.accuracy()).isEqualTo((double) right / COUNT);
    assertThat(evaluation.loss()).isNotCloseTo(model.evaluate(set).loss(), within(1e-5));
  }

  @Test
  void meanOfTheLogitsOfTheViews() {
    ImageSet set = images();
    try (Model model = Model.of(NETWORK, 1)) {
      model.classNames(set.classNames());
      float[][] plain = model.logits(view(set, 1, 1, false));
      float[][] mirrored = model.logits(view(set, 1, 1, true));
      assertThat(plain).isDeepEqualTo(model.logits(set));

      check(model, set, Tta.flip(), new double[] {0.5, 0.5}, plain, mirrored);
      check(
          model,
          set,
          Tta.get("flip-shift"),
          new double[] {0.25, 0.25, 0.125, 0.125, 0.125, 0.125},
          plain,
          mirrored,
          model.logits(view(set, 0, 0, false)),
          model.logits(view(set, 0, 0, true)),
          model.logits(view(set, 2, 2, false)),
          model.logits(view(set, 2, 2, true)));
    }
  }

  @Test
  void refusesBadValues() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Tta(List.of(new Tta.View(true, 0, 0, 0.5))))
        .withMessage("weights of views must sum to 1, got 0.5");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Tta.get("flips"))
        .withMessage(
            "test-time augmentation must be one of flip, flip-shift, got \"flips\"; did you mean"
                + " \"flip\"?");
  }
}
