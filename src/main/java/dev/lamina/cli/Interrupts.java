package dev.lamina.cli;

import dev.lamina.train.Callback;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Ends the work gracefully on the first Ctrl-C or SIGTERM (training after its step), and the
 * process immediately on the second. While it is not listening, signals have their default effect.
 */
final class Interrupts implements Callback, AutoCloseable {
  /** By convention the exit status is 128 plus the number of the signal. */
  private static final Map<String, Integer> STATUS = Map.of("INT", 128 + 2, "TERM", 128 + 15);

  private final Map<String, @Nullable Object> before = new LinkedHashMap<>();
  private final String last;
  private @Nullable String first;
  private @Nullable Runnable stop;

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

  private synchronized void received(String signal) {
    if (first != null) {
      dieOf(first);
    }
    first = signal;
    System.err.printf("%nlamina: stopping %s; press Ctrl-C again to quit immediately%n", last);
    if (stop != null) {
      stop.run();
    }
  }

  /**
   * Ends the process as the signal does by default. {@link Runtime#halt} would run the destructors
   * of native libraries whose threads are at work, and may crash in them.
   */
  private void dieOf(String signal) {
    Signals.registerDefault(signal);
    try {
      Class<?> type = Class.forName("sun.misc.Signal");
      Object dying = type.getConstructor(String.class).newInstance(signal);
      type.getMethod("raise", type).invoke(null, dying);
    } catch (ReflectiveOperationException e) {
      // Without that class no signal was received.
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

  @Override
  public void onStart(RunPlan plan, RunHandle handle) {
    onSignal(handle::stop);
  }

  @Override
  public void close() {
    before.forEach(Signals::unregister);
  }
}
