package dev.lamina.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.torture.JavaProcess;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The Java that {@code launch} starts. */
class WorkersJavaTest {
  /** A worker that prints the options of its JVM. */
  static final class Options {
    private Options() {}

    public static void main(String[] args) {
      System.out.println(ManagementFactory.getRuntimeMXBean().getInputArguments());
    }
  }

  /** A worker with a result and an error. */
  static final class Speaking {
    private Speaking() {}

    public static void main(String[] args) {
      System.out.println("result");
      System.err.println("error");
    }
  }

  @Test
  void outputAndErrors_areKeptApart() throws Exception {
    Process launcher =
        JavaProcess.of(Launches.class, 0, "127.0.0.1:1", 60, 0, Speaking.class.getName()).start();
    assertThat(launcher.inputReader(UTF_8).lines()).containsExactly("[0] result");
    assertThat(launcher.errorReader(UTF_8).lines()).containsExactly("[0] error");
    assertThat(launcher.waitFor()).isZero();
  }

  /** Without workers the manifest of the jar allows it. */
  @Test
  void worker_mayLoadNativeCode() {
    StringWriter err = new StringWriter();
    int status =
        Launches.run(
            List.of(Options.class.getName()),
            1,
            Duration.ofMinutes(1),
            0,
            new PrintWriter(err, true));
    assertThat(status).as(err.toString()).isZero();
    assertThat(err.toString()).contains("--enable-native-access=ALL-UNNAMED");
  }
}
