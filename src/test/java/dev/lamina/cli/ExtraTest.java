package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ExtraTest {
  private final StringWriter err = new StringWriter();
  private final CommandLine command =
      new CommandLine(new CompareCommand()).setErr(new PrintWriter(err, true));

  private boolean write(boolean asked, Runnable writing) {
    return Extra.write(command.getCommandSpec(), "page", asked, writing);
  }

  /** As AWT throws without fonts. */
  private static void fail() {
    throw new NoClassDefFoundError("no\nfonts");
  }

  @Test
  void whatNobodyAskedFor_isAWarning() {
    assertThat(write(false, () -> {})).isTrue();
    assertThat(err).hasToString("");
    assertThat(write(false, ExtraTest::fail)).isFalse();
    assertThat(err.toString()).startsWith("lamina: no page was written (").hasLineCount(1);
  }

  @Test
  void whatWasAskedFor_isAnError() {
    assertThatThrownBy(() -> write(true, ExtraTest::fail)).isInstanceOf(NoClassDefFoundError.class);
  }
}
