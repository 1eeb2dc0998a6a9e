package dev.lamina.spark;

import dev.lamina.cli.Main;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** The command {@code lamina}, in a process that ends with the executor that has started it. */
final class WorkerMain {
  private WorkerMain() {}

  public static void main(String[] arguments) {
    Thread watch = new Thread(WorkerMain::awaitExecutor, "executor");
    watch.setDaemon(true);
    watch.start();
    Main.main(arguments);
  }

  /** The executor writes nothing: its end of the pipe is closed when it has ended. */
  private static void awaitExecutor() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException e) {
      // It has ended.
    }
    die();
  }

  /** By a signal: halt runs destructors of native libraries, which may wait for their threads. */
  private static void die() {
    String kill = "kill -KILL " + ProcessHandle.current().pid();
    try {
      new ProcessBuilder("sh", "-c", kill).start().waitFor();
      TimeUnit.SECONDS.sleep(1);
    } catch (IOException | InterruptedException e) {
      // Without a shell, halt is what is left.
    }
    Runtime.getRuntime().halt(1);
  }
}
