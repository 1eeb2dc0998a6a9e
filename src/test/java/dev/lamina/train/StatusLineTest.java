package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StatusLineTest {
  private static final StatusLine LINE =
      new StatusLine(12, 100, 0.25, 1.23456, 0.56789, 3723, 4567.8, 0.0123);

  @Test
  void wide_hasABar() {
    assertThat(LINE.fit(119))
        .isEqualTo(
            "epoch 12/100  [======                     ]   25%  loss 1.2346  accuracy 0.5679  1:02:03 left"
                + "  4568 images/s  lr 0.0123")
        .hasSize(119);
  }

  @Test
  void eightyColumns_leaveOutTheLearningRate() {
    assertThat(LINE.fit(79))
        .isEqualTo("epoch 12/100   25%  loss 1.2346  accuracy 0.5679  1:02:03 left  4568 images/s");
  }

  @Test
  void fortyColumns_keepLossAccuracyAndTheTimeLeft() {
    assertThat(LINE.fit(39)).isEqualTo("12/100 loss 1.235 acc 0.568 1:02:03");
    assertThat(new StatusLine(100, 100, 1, 10.5, 1, 0, 0, 0).fit(39))
        .isEqualTo("100/100 loss 10.500 acc 1.000 0:00:00")
        .hasSizeLessThan(40);
  }

  @Test
  void nothingLongerThanTheTerminal() {
    for (int columns = 39; columns < 200; columns++) {
      assertThat(LINE.fit(columns)).as(columns + " columns").hasSizeLessThanOrEqualTo(columns);
    }
  }
}
