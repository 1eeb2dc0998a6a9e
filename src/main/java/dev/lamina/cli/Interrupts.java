package dev.lamina.cli;

import dev.lamina.train.Callback;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Ends the work gracefully on the first Ctrl-C, SIGTERM or SIGHUP (training after its step), and
 * the process immediately on the second. While it is not listening, signals have their default
 * effect. Where {@code nohup} has SIGHUP ignored, the JDK leaves it so.
 */
final class Interrupts implements Callback, AutoCloseable {
  /** The exit status of a process that SIGTERM has ended. */
  static final int TERMINATED = 128 + 15;

  /** By convention the exit status is 128 plus the number of the signal. */
  private static final Map<String, Integer> STATUS =
      Map.of("HUP", 128 + 1, "INT", 128 + 2, "TERM", Interrupts.TERMINATED);

  /**
   * Whether a launcher has started this process, and passes its own signals on. Ctrl-C in a
   * terminal, or a stop by systemd or Slurm, reaches both, so the second signal may be the first,
   * passed on.
   */
  private static final boolean LAUNCHED = System.getenv("LOCAL_RANK") != null;

  /** How long a signal may take that is passed on. */
  private static final long PASSING_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** How long the process may take to die of a signal that was sent. */
  private static final int DYING_MILLIS = 1000;

  private final Map<String, @Nullable Object> before = new LinkedHashMap<>();
  private final String last;
  private @Nullable String first;
  private long since;
  private @Nullable Runnable stop;
  private Runnable quit = () -> {};

  private Interrupts(String last) {
    this.last = last;
  }

  /**
   * Starts listening, until closed.
   *
   * @param last when the work ends after the first signal, for the message
   */
  static Interrupts listen(String last) {
    Interrupts interrupts = new Interrupts(last);
    STATUS.keySet().forEach(interrupts::register);
    return interrupts;
  }

  private void register(String signal) {
    before.put(signal, Signals.register(signal, () -> received(signal)));
  }

  /** Returns the exit status of the signal that was received; 0 if none was. */
  synchronized int status() {
    return first == null ? 0 : STATUS.getOrDefault(first, 1);
  }

  /** Returns whether a status is that of a process to which a signal received here was passed. */
  synchronized boolean explains(int status) {
    return first != null && STATUS.containsValue(status);
  }

  private synchronized void received(String signal) {
    if (first != null) {
      if (LAUNCHED && System.nanoTime() - since < PASSING_NANOS) {
        return;
      }
      quit.run();
      dieOf(first);
    }
    first = signal;
    since = System.nanoTime();
    System.err.printf(
        Locale.ROOT, "%nlamina: stopping %s; press Ctrl-C again to quit immediately%n", last);
    if (stop != null) {
      stop.run();
    }
  }

  /**
   * Ends the process as the signal does by default. {@link Runtime#halt} runs the destructors of
   * native libraries whose threads are at work, and may crash in them; so the signal is sent again,
   * now to the default handler. It comes from outside, since the JDK raises only signals that have
   * a handler in Java. What is left to {@code halt} is a process that no such signal ends: the
   * first one of a container.
   */
  private void dieOf(String signal) {
    Signals.registerDefault(signal);
    String kill = "kill -" + signal + " " + ProcessHandle.current().pid();
    try {
      new ProcessBuilder("sh", "-c", kill).start().waitFor();
      Thread.sleep(DYING_MILLIS);
    } catch (IOException | InterruptedException e) {
      // Without a shell, halt is what is left.
    }
    Runtime.getRuntime().halt(status());
  }

  /** Sets what the first signal does; done immediately if it has already been received. */
  synchronized void onSignal(Runnable action) {
    stop = action;
    if (first != null) {
      action.run();
    }
  }

  /** Sets what the second signal does before the process ends; nothing unless set. */
  synchronized void onSecondSignal(Runnable action) {
    quit = action;
  }

  @Override
  public boolean duringFreezeEpochs() {
    return true;
  }

  @Override
  public void onStart(RunPlan plan, RunHandle handle) {
    onSignal(handle::stop);
  }

  @Override
  public void close() {
    before.forEach(Signals::unregister);
  }
}
