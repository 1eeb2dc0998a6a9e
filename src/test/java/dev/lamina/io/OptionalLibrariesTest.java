package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Map;
import org.junit.jupiter.api.Test;

class OptionalLibrariesTest {
  @Test
  void require_namesWhatIsMissing() {
    OptionalLibraries.require("a test", Map.of("org.junit.jupiter.api.Test", "junit"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(
            () ->
                OptionalLibraries.require(
                    "a test",
                    Map.of(
                        "org.junit.jupiter.api.Test",
                        "junit",
                        "no.Such",
                        "b:b",
                        "nor.This",
                        "a:a")))
        .withMessage("a test needs libraries that are optional; add to the dependencies: a:a, b:b");
  }

  @Test
  void require_ofALibraryWithoutClasses() {
    OptionalLibraries.require("a report", "c:c", true);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> OptionalLibraries.require("a report", "c:c", false))
        .withMessage("a report needs libraries that are optional; add to the dependencies: c:c");
  }

  @Test
  void isPresent() {
    assertThat(OptionalLibraries.isPresent("java.lang.String")).isTrue();
    assertThat(OptionalLibraries.isPresent("no.Such")).isFalse();
  }
}
