package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.lamina.torture.JavaProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a launcher does on Ctrl-C, which may or may not reach its workers too. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LauncherSignalsTest {
  private static final String PID = "process ";
  private static final String DONE = "[0] checkpoint";
  private final List<Process> launchers = new ArrayList<>();

  /** Launches one worker with a program, and the time that it takes. */
  static final class Launch {
    private Launch() {}

    public static void main(String[] args) {
      PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
      System.exit(Launches.run(Arrays.asList(args), 1, Duration.ofMinutes(1), 0, out));
    }
  }

  /** A worker in a step that takes so many milliseconds. */
  static final class Step {
    private Step() {}

    public static void main(String[] args) throws InterruptedException {
      CountDownLatch asked = new CountDownLatch(1);
      try (Interrupts interrupts = Interrupts.listen("after this step")) {
        interrupts.onSignal(asked::countDown);
        System.out.println(PID + ProcessHandle.current().pid());
        asked.await();
        TimeUnit.MILLISECONDS.sleep(Long.parseLong(args[0]));
        System.out.println("checkpoint");
        System.exit(interrupts.status());
      }
    }
  }

  @BeforeEach
  void assumeSignals() {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "Windows has no signals");
  }

  @AfterEach
  void killLaunchers() {
    launchers.forEach(Process::destroyForcibly);
  }

  private Process launch(long millis) throws IOException {
    Process launcher =
        JavaProcess.withSigint(Launch.class, Step.class.getName(), millis)
            .redirectErrorStream(true)
            .start();
    launchers.add(launcher);
    return launcher;
  }

  private static void interrupt(long... pids) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("kill", "-INT"));
    Arrays.stream(pids).forEach(pid -> words.add(Long.toString(pid)));
    assertThat(new ProcessBuilder(words).start().waitFor()).isZero();
  }

  /** Reads up to a line with a text, and returns what comes after it. */
  private static String await(BufferedReader said, String text) throws IOException {
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.contains(text)) {
        return line.substring(line.indexOf(text) + text.length());
      }
    }
    throw new AssertionError(text + " was not printed");
  }

  @Test
  void ctrlC_ofTheLauncherAlone_letsTheWorkerEndItsStep() throws Exception {
    Process launcher = launch(0);
    BufferedReader said = launcher.inputReader(StandardCharsets.UTF_8);
    await(said, PID);
    interrupt(launcher.pid());
    assertThat(said.lines()).contains(DONE).noneMatch(line -> line.contains("failed"));
    assertThat(launcher.waitFor()).isEqualTo(130);
  }

  @Test
  void ctrlC_inATerminal_letsTheWorkerEndItsStep() throws Exception {
    // Long enough for what the launcher passes on.
    Process launcher = launch(1000);
    BufferedReader said = launcher.inputReader(StandardCharsets.UTF_8);
    long worker = Long.parseLong(await(said, PID));
    interrupt(launcher.pid(), worker);
    assertThat(said.lines()).contains(DONE);
    assertThat(launcher.waitFor()).isEqualTo(130);
  }

  @Test
  void secondCtrlC_killsTheWorker() throws Exception {
    Process launcher = launch(TimeUnit.MINUTES.toMillis(2));
    BufferedReader said = launcher.inputReader(StandardCharsets.UTF_8);
    ProcessHandle worker = ProcessHandle.of(Long.parseLong(await(said, PID))).orElseThrow();
    interrupt(launcher.pid());
    await(said, "[0] lamina: stopping after this step");
    interrupt(launcher.pid());
    assertThat(launcher.waitFor()).isEqualTo(130);
    worker.onExit().join();
    assertThat(said.lines().collect(Collectors.joining("\n"))).doesNotContain(DONE);
  }
}
