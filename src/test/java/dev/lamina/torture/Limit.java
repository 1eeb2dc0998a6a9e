package dev.lamina.torture;

import java.time.Duration;
import java.util.function.LongPredicate;

/**
 * The duration of a test: a number of repetitions, or a time.
 *
 * @param count how many times; 0 where time is the limit
 * @param time how long; zero where a number is the limit
 */
public record Limit(long count, Duration time) {
  /** So many times. */
  public static Limit count(long count) {
    return new Limit(count, Duration.ZERO);
  }

  /** So many minutes. */
  static Limit minutes(double minutes) {
    return new Limit(0, Duration.ofMillis(Math.round(60_000 * minutes)));
  }

  /** What {@link #toString} gives. */
  public static Limit parse(String text) {
    String amount = text.substring(text.indexOf(' ') + 1);
    return text.startsWith("count ")
        ? count(Long.parseLong(amount))
        : minutes(Double.parseDouble(amount));
  }

  /** The limit for one of several, which share the time. */
  Limit share(int of) {
    return new Limit(count, time.dividedBy(of));
  }

  /** Begins now, and says of how often something was done whether that is enough. */
  public LongPredicate start() {
    long end = System.nanoTime() + time.toNanos();
    return done -> count > 0 ? done >= count : System.nanoTime() - end >= 0;
  }

  @Override
  public String toString() {
    return count > 0 ? "count " + count : "minutes " + time.toMillis() / 60_000.0;
  }
}
