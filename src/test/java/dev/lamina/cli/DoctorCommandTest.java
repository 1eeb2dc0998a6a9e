package dev.lamina.cli;

import static dev.lamina.cli.OptionRuns.succeeds;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DoctorCommandTest {
  @Test
  void printsTheMachine_andTheRateOfAConvolution() {
    assertThat(succeeds("doctor").out())
        .contains("\nprocessor         " + Machine.THIS.processor() + "\n")
        .containsPattern(
            "\nmemory            [0-9,]+ MiB, of which [0-9,]+ MiB are free; Java's heap takes up to [0-9,]+ MiB\n")
        .containsPattern("\nnative code       /.+, [0-9,]+ MiB free\n")
        .containsPattern("\ndriver            .+\n")
        .containsPattern("\nconvolution       cpu, (float32|bfloat16): [0-9.]+ GFLOP/s\n");
  }
}
