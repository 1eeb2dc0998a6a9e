package dev.lamina;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** Threads that do one thing over and over, each until it fails or is told to stop. */
public final class Threads {
  /** What is done over and over. */
  public interface Call {
    /** Does it once. */
    void run() throws Exception;
  }

  private final List<Thread> threads = new ArrayList<>();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final AtomicLong calls = new AtomicLong();
  private volatile boolean stopped;

  private Threads() {}

  /** Starts the given number of threads. */
  public static Threads start(int count, Call call) {
    Threads all = new Threads();
    for (int i = 0; i < count; i++) {
      Thread thread = new Thread(() -> all.repeat(call), "caller-" + i);
      thread.setDaemon(true);
      all.threads.add(thread);
      thread.start();
    }
    return all;
  }

  private void repeat(Call call) {
    try {
      while (!stopped) {
        call.run();
        calls.incrementAndGet();
      }
    } catch (Throwable e) {
      failures.add(e);
    }
  }

  /**
   * Waits until the threads have finished the given number of calls in total, or all have failed.
   */
  public void awaitCalls(long count) throws InterruptedException {
    while (calls.get() < count && failures.size() < threads.size()) {
      Thread.sleep(1);
    }
  }

  /** The calls that have ended well so far. */
  public long calls() {
    return calls.get();
  }

  /** Lets every thread end after its present call. */
  public void stop() {
    stopped = true;
  }

  /** Waits for the threads to end, and gives what they failed with: at most one each. */
  public List<Throwable> failures() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join(600_000);
      if (thread.isAlive()) {
        IllegalStateException hangs = new IllegalStateException(thread + " hangs");
        hangs.setStackTrace(thread.getStackTrace());
        throw hangs;
      }
    }
    return List.copyOf(failures);
  }
}
