package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The command of applications that have left its libraries out, since they are optional. */
class MainWithoutLibrariesTest {
  @Test
  void main_namesWhatIsMissing() throws IOException, InterruptedException, URISyntaxException {
    Path classes = Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classes.toString(),
                "dev.lamina.cli.Main",
                "summary")
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(out)
        .isEqualToIgnoringNewLines(
            "lamina: the command needs libraries that are optional; add to the dependencies:"
                + " com.fasterxml.jackson.dataformat:jackson-dataformat-yaml, info.picocli:picocli,"
                + " org.jline:jline-terminal");
    assertThat(process.waitFor()).isEqualTo(2);
  }
}
