package dev.lamina.torture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts a main class of the tests' class path in a process of its own. */
public final class JavaProcess {
  private JavaProcess() {}

  /** A process to be started, with this process's class path and environment. */
  public static ProcessBuilder of(Class<?> main, Object... args) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djava.awt.headless=true",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
    for (Object arg : args) {
      command.add(arg.toString());
    }
    return new ProcessBuilder(command);
  }

  /**
   * As that, and SIGINT has its effect: a build that a shell starts with & ignores it, and so does
   * what it starts, unless env can change that.
   */
  public static ProcessBuilder withSigint(Class<?> main, Object... args) throws IOException {
    ProcessBuilder builder = of(main, args);
    List<String> env = List.of("env", "--default-signal=INT");
    try {
      boolean known =
          new ProcessBuilder(env.get(0), env.get(1), "true")
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                  .start()
                  .waitFor()
              == 0;
      builder.command().addAll(0, known ? env : List.of());
      return builder;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs a process to its end, and returns all it said. */
  public static String run(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException("exit status " + process.exitValue() + ": " + said);
    }
    return said;
  }
}
