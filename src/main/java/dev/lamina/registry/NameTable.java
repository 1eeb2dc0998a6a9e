package dev.lamina.registry;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;

/**
 * Values by name. For an unknown name, messages suggest the nearest ones.
 *
 * @param <V> the type of the values
 */
public final class NameTable<V> {
  private static final int MAX_SUGGESTIONS = 3;

  private final String noun;
  private final Map<String, V> values = new ConcurrentSkipListMap<>();

  private NameTable(String noun) {
    this.noun = noun;
  }

  /**
   * Returns an empty table.
   *
   * @param noun the noun for a name in messages: {@code network}
   */
  public static <V> NameTable<V> of(String noun) {
    return new NameTable<>(noun);
  }

  /**
   * Adds a value.
   *
   * @throws IllegalArgumentException if the name is taken or is empty
   */
  public void add(String name, V value) {
    checkArgument(!name.isBlank(), "name of a %s must not be empty", noun);
    checkArgument(
        values.putIfAbsent(name, value) == null,
        "name of a %s must not be registered twice, got \"%s\"; choose another",
        noun,
        name);
  }

  /** Returns whether there is a value of this name. */
  public boolean has(String name) {
    return values.containsKey(name);
  }

  /**
   * Returns the value with a name.
   *
   * @throws IllegalArgumentException if there is none; the message suggests the nearest names
   */
  public V get(String name) {
    V value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(unknown(noun, name, values.keySet()));
    }
    return value;
  }

  /** Returns the names, sorted. */
  public Set<String> names() {
    return Collections.unmodifiableSet(new TreeSet<>(values.keySet()));
  }

  /** Returns a message for an unknown name. */
  static String unknown(String what, String name, Set<String> names) {
    return "%s must be one of %s, got \"%s\"%s"
        .formatted(what, String.join(", ", names), name, suggestion(name, names));
  }

  /** Returns a question that suggests similar names; empty if there are none. */
  static String suggestion(String name, Set<String> names) {
    Map<String, Integer> near = new TreeMap<>();
    for (String candidate : names) {
      int distance = distance(name.toLowerCase(Locale.ROOT), candidate.toLowerCase(Locale.ROOT));
      if (distance <= Math.max(2, candidate.length() / 3)) {
        near.put(candidate, distance);
      }
    }
    int closest = near.values().stream().min(Comparator.naturalOrder()).orElse(0);
    List<String> nearest =
        near.entrySet().stream()
            .filter(entry -> entry.getValue() <= closest + 1)
            .sorted(Comparator.comparing(Map.Entry::getValue))
            .limit(MAX_SUGGESTIONS)
            .map(entry -> '"' + entry.getKey() + '"')
            .toList();
    return nearest.isEmpty()
        ? ""
        : nearest.stream().collect(Collectors.joining(" or ", "; did you mean ", "?"));
  }

  /**
   * Returns the Levenshtein distance: the minimum number of insertions, deletions and replacements.
   */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
