package dev.lamina.distributed;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Ints;
import com.google.common.primitives.Longs;
import dev.lamina.io.LaminaException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The place of this process among the processes ("workers") that train one model together. All of
 * them have the same size and coordinator, and each its own rank. {@link Cluster#join} connects
 * them.
 *
 * @param rank the number of this worker, from 0; worker 0 coordinates and writes all files
 * @param size the number of workers
 * @param host the address of worker 0, which it listens at
 * @param port the port that worker 0 listens at
 * @param timeout how long a worker waits for the others, at the start and in every step; 5 minutes
 *     unless set
 */
public record Workers(int rank, int size, String host, int port, Duration timeout) {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);
  private static final int MAX_PORT = 65_535;

  /** Checks the ranges of all numbers. */
  public Workers {
    checkArgument(size > 0, "size must be positive, got %s", size);
    checkArgument(rank >= 0 && rank < size, "rank must be from 0 to %s, got %s", size - 1, rank);
    checkArgument(!host.isEmpty(), "host must not be empty");
    checkArgument(
        port > 0 && port <= MAX_PORT, "port must be from 1 to %s, got %s", MAX_PORT, port);
    checkArgument(timeout.toSeconds() > 0, "timeout must be at least a second, got %s", timeout);
  }

  /** Returns the place of a worker, with a timeout of 5 minutes. */
  public static Workers of(int rank, int size, String host, int port) {
    return new Workers(rank, size, host, port, DEFAULT_TIMEOUT);
  }

  /** Returns this place with another time that a worker waits for the others. */
  public Workers timeout(Duration timeout) {
    return new Workers(rank, size, host, port, timeout);
  }

  /**
   * Returns the place that the environment gives, by the names of PyTorch's torchrun: {@code RANK},
   * {@code WORLD_SIZE}, {@code MASTER_ADDR} and {@code MASTER_PORT}; and the timeout in seconds,
   * {@code LAMINA_WORKER_TIMEOUT}.
   *
   * @param environment that of {@link System#getenv()}
   * @return empty if {@code WORLD_SIZE} is not set or 1: this process trains alone
   * @throws LaminaException if a variable is missing or is not a number in its range
   */
  public static Optional<Workers> fromEnvironment(Map<String, String> environment) {
    if (environment.getOrDefault("WORLD_SIZE", "1").equals("1")) {
      return Optional.empty();
    }
    int size = number(environment, "WORLD_SIZE", 1, Integer.MAX_VALUE);
    Workers workers =
        of(
            number(environment, "RANK", 0, size - 1),
            size,
            text(environment, "MASTER_ADDR"),
            number(environment, "MASTER_PORT", 1, MAX_PORT));
    return Optional.of(
        environment.containsKey("LAMINA_WORKER_TIMEOUT")
            ? workers.timeout(
                Duration.ofSeconds(
                    number(environment, "LAMINA_WORKER_TIMEOUT", 1, Integer.MAX_VALUE)))
            : workers);
  }

  private static String text(Map<String, String> environment, String name) {
    String value = environment.getOrDefault(name, "");
    if (value.isEmpty()) {
      throw new LaminaException(
          "%s must be set in the environment where WORLD_SIZE is; start workers with 'lamina launch'"
              .formatted(name));
    }
    return value;
  }

  private static int number(Map<String, String> environment, String name, int min, int max) {
    String value = text(environment, name);
    Long number = Longs.tryParse(value);
    if (number == null || number < min || number > max) {
      throw new LaminaException(
          "%s of the environment must be a number from %s to %s, got %s"
              .formatted(name, min, max, value));
    }
    return Ints.checkedCast(number);
  }
}
