package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import org.tensorflow.proto.ConfigProto;

/**
 * The number of threads that TensorFlow computes with. They belong to the process: its first
 * session creates them, and all models share them.
 */
public final class Threads {
  private static final Threads PROCESS = new Threads();

  /** 0 lets TensorFlow take one for each processor. */
  private int count;

  private boolean created;

  /** For tests: otherwise there is one for the process. */
  Threads() {}

  /**
   * Sets how many operations run at once, and how many threads one operation uses. Call it before
   * anything else of this library.
   *
   * @throws IllegalStateException if TensorFlow has created its threads already
   */
  public static void set(int count) {
    PROCESS.assign(count);
  }

  /**
   * Adds the threads of the process to the configuration of a session. Every session of this
   * library has it, as any could be the first.
   *
   * @return the configuration
   */
  static ConfigProto.Builder configure(ConfigProto.Builder config) {
    PROCESS.apply(config);
    return config;
  }

  synchronized void assign(int count) {
    checkArgument(count > 0, "count must be positive, got %s", count);
    checkState(!created, "threads must be set before the first model is created or loaded");
    this.count = count;
  }

  synchronized void apply(ConfigProto.Builder config) {
    created = true;
    config.setIntraOpParallelismThreads(count).setInterOpParallelismThreads(count);
  }
}
