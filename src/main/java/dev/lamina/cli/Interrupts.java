package dev.lamina.cli;

import dev.lamina.train.Callback;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Lets the first Ctrl-C or SIGTERM end what runs in its own way (a training after its step), and
 * the second one end the process at once. While it is not listening, signals do what they always
 * do.
 */
final class Interrupts implements Callback, AutoCloseable {
  /** By convention the exit status is 128 and the number of the signal. */
  private static final Map<String, Integer> STATUS = Map.of("INT", 128 + 2, "TERM", 128 + 15);

  private final Map<String, @Nullable Object> before = new LinkedHashMap<>();
  private final String last;
  private @Nullable String first;
  private @Nullable Runnable stop;

  private Interrupts(String last) {
    this.last = last;
  }

  /**
   * Listens until it is closed.
   *
   * @param last what is still done after the first signal
   */
  static Interrupts listen(String last) {
    Interrupts interrupts = new Interrupts(last);
    STATUS.keySet().forEach(interrupts::register);
    return interrupts;
  }

  private void register(String signal) {
    before.put(signal, Signals.register(signal, () -> received(signal)));
  }

  /** The exit status that belongs to the signal that came, 0 where none did. */
  synchronized int status() {
    return first == null ? 0 : STATUS.getOrDefault(first, 1);
  }

  private synchronized void received(String signal) {
    if (first != null) {
      dieOf(first);
    }
    first = signal;
    System.err.printf("%nlamina: stopping %s; again to leave at once%n", last);
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
      // Without that class nothing has been received.
    }
    Runtime.getRuntime().halt(status());
  }

  /** Says what the first signal does; at once where it has come already. */
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
