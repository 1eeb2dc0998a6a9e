package dev.lamina.zoo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Compares values in the order in which they are computed, and tells where the first difference
 * arises: what is computed from it differs too, and says nothing.
 */
final class FirstDifference {
  private record Entry(String text, double difference, double bound) {
    /** NaN is a difference. */
    boolean agrees() {
      return difference <= bound;
    }
  }

  private final List<Entry> entries = new ArrayList<>();

  /** Compares by the norm of the difference over the norm of what is expected. */
  FirstDifference add(String name, float[] actual, float[] expected, double bound) {
    double relative = GoldenModel.distance(actual, expected) / GoldenModel.norm(expected);
    entries.add(new Entry(text("%s: relative norm %.1e", name, relative), relative, bound));
    return this;
  }

  /** Compares with zero, by the largest absolute value. */
  FirstDifference addZero(String name, float[] actual, double bound) {
    double largest = 0;
    for (float value : actual) {
      // Not a number wins.
      largest = Math.max(largest, Math.abs(value));
    }
    entries.add(new Entry(text("%s: largest absolute value %.1e", name, largest), largest, bound));
    return this;
  }

  /**
   * Compares what a ReLU gives by which of its inputs were positive. One that was not where it had
   * to be changes the gradients of everything before it, however small it is.
   */
  FirstDifference addSigns(String name, float[] actual, float[] expected) {
    int others = 0;
    for (int i = 0; i < expected.length; i++) {
      if (actual[i] > 0 != expected[i] > 0) {
        others++;
      }
    }
    entries.add(
        new Entry(
            text(
                "%s: inputs of the ReLU with the other sign %s of %s",
                name, others, expected.length),
            others,
            0));
    return this;
  }

  /** All that was compared, in that order, with what the other has compared after it. */
  FirstDifference then(FirstDifference other) {
    FirstDifference both = new FirstDifference();
    both.entries.addAll(entries);
    both.entries.addAll(other.entries);
    return both;
  }

  int size() {
    return entries.size();
  }

  /** Where the first difference arises, and how large it is; empty where everything agrees. */
  Optional<String> find() {
    List<Entry> differing = entries.stream().filter(entry -> !entry.agrees()).toList();
    if (differing.isEmpty()) {
      return Optional.empty();
    }
    Entry first = differing.get(0);
    int before = entries.indexOf(first);
    int after = entries.size() - before - 1;
    String agreeing =
        before == 0
            ? "nothing comes before it"
            : text(
                "the %s before it agree, the last with %s", before, entries.get(before - 1).text);
    return Optional.of(
        text(
            "the first difference arises in %s, allowed %.0e; %s; of the %s after it %s differ",
            first.text, first.bound, agreeing, after, differing.size() - 1));
  }

  /** Every comparison in a line of its own. */
  String table() {
    StringBuilder table = new StringBuilder();
    entries.forEach(
        entry -> table.append(entry.agrees() ? "  " : "! ").append(entry.text).append('\n'));
    return table.toString();
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
