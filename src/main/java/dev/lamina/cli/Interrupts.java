package dev.lamina.cli;

import dev.lamina.train.Callback;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Lets the first Ctrl-C or SIGTERM end a run after its step, and the second one end the process at
 * once. While it is not listening, signals do what they always do.
 */
final class Interrupts implements Callback, AutoCloseable {
  /** By convention the exit status is 128 and the number of the signal. */
  private static final Map<String, Integer> STATUS = Map.of("INT", 128 + 2, "TERM", 128 + 15);

  private final Map<String, @Nullable Object> before = new LinkedHashMap<>();
  private int status;
  private @Nullable RunHandle run;

  private Interrupts() {}

  /** Listens until it is closed. */
  static Interrupts listen() {
    Interrupts interrupts = new Interrupts();
    STATUS.keySet().forEach(interrupts::register);
    return interrupts;
  }

  private void register(String signal) {
    before.put(signal, Signals.register(signal, () -> received(signal)));
  }

  /** The exit status that belongs to the signal that came, 0 where none did. */
  synchronized int status() {
    return status;
  }

  private synchronized void received(String signal) {
    if (status != 0) {
      Runtime.getRuntime().halt(status);
    }
    status = STATUS.getOrDefault(signal, 1);
    System.err.printf("%nlamina: stopping after this step; again to leave at once%n");
    if (run != null) {
      run.stop();
    }
  }

  @Override
  public synchronized void onStart(RunPlan plan, RunHandle handle) {
    run = handle;
    if (status != 0) {
      handle.stop();
    }
  }

  @Override
  public void close() {
    before.forEach(Signals::unregister);
  }
}
