package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.data.Resize.Filter;
import dev.lamina.data.Resize.Mode;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ResizeOptionTest {
  private static final Preprocessing CROPPED =
      new Preprocessing(new Resize(Mode.COVER, 64, 48, 0.875, Filter.BICUBIC), true);

  private static Optional<Preprocessing> resolve(
      Optional<Preprocessing> otherwise, String... words) {
    return CommandLine.populateCommand(new ResizeOption(), words).resolve(otherwise);
  }

  private static Optional<Preprocessing> preprocessing(
      Mode mode, int height, int width, double crop, Filter filter, boolean upright) {
    return Optional.of(new Preprocessing(new Resize(mode, height, width, crop, filter), upright));
  }

  @Test
  void withoutAnythingBefore_theSizeIsCovered() {
    assertThat(resolve(Optional.empty())).isEmpty();
    assertThat(resolve(Optional.empty(), "--image-size", "96x80"))
        .isEqualTo(preprocessing(Mode.COVER, 96, 80, 1, Filter.BILINEAR, false));
    assertThat(resolve(Optional.empty(), "--image-size", "96", "--resize", "fit", "--upright"))
        .isEqualTo(preprocessing(Mode.FIT, 96, 96, 1, Filter.BILINEAR, true));
  }

  @Test
  void eachOption_changesItsOwnValue() {
    Optional<Preprocessing> before = Optional.of(CROPPED);
    assertThat(resolve(before)).isEqualTo(before);
    assertThat(resolve(before, "--image-size", "96"))
        .isEqualTo(preprocessing(Mode.COVER, 96, 96, 0.875, Filter.BICUBIC, true));
    // The crop is one of COVER.
    assertThat(resolve(before, "--resize", "fit"))
        .isEqualTo(preprocessing(Mode.FIT, 64, 48, 1, Filter.BICUBIC, true));
    assertThat(resolve(Optional.of(CROPPED.upright(false)), "--upright")).isEqualTo(before);
  }

  @Test
  void withoutASize_aRuleIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> resolve(Optional.empty(), "--upright"))
        .withMessage(
            "--upright must be given with --image-size; give --image-size N, the size to train on");
  }
}
