package dev.lamina.cli;

import com.google.common.base.Splitter;
import dev.lamina.io.LaminaException;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * The trials of a search for good options: the file of the command {@code sweep}.
 *
 * @param base the configuration of every trial, as for {@code train --config}
 * @param trials the values of each trial by dotted key
 */
record Sweep(Options base, List<Map<String, Object>> trials) {
  private static final int DEFAULT_TRIALS = 10;

  /**
   * Reads a file.
   *
   * @throws LaminaException if it cannot be read, or a key or a value is not known
   */
  static Sweep read(Path file) {
    Options options = ConfigFile.options(file);
    try {
      Options base = options.has("base") ? options.getOptions("base").at("") : Options.none();
      Map<String, List<?>> values = values(options);
      String search = options.getString("search", "grid");
      int trials = options.getInt("trials", DEFAULT_TRIALS);
      long seed = options.getLong("seed", 0);
      options.checkNoOthers();
      check(
          file,
          search.equals("grid") || search.equals("random"),
          "search",
          "grid or random",
          search);
      for (String key : List.of("trials", "seed")) {
        if (options.has(key) && !search.equals("random")) {
          throw new LaminaException(
              "%s of %s must be given with search: random, got search: %s; set that, or remove %s"
                  .formatted(key, file, search, key));
        }
      }
      check(file, trials > 0, "trials", "positive", trials);
      long all = values.values().stream().mapToLong(List::size).reduce(1, Math::multiplyExact);
      Collection<Long> chosen =
          search.equals("grid") || all <= trials
              ? LongStream.range(0, all).boxed().toList()
              : random(all, trials, new Random(seed));
      return new Sweep(
          ConfigFile.named(base),
          chosen.stream().map(number -> combination(values, all, number)).toList());
    } catch (IllegalArgumentException e) {
      throw new LaminaException(String.valueOf(e.getMessage()), e);
    } catch (ArithmeticException e) {
      throw new LaminaException("values of %s must have fewer combinations".formatted(file), e);
    }
  }

  private static void check(Path file, boolean holds, String key, String rule, Object value) {
    if (!holds) {
      throw new LaminaException("%s of %s must be %s, got %s".formatted(key, file, rule, value));
    }
  }

  private static Map<String, List<?>> values(Options options) {
    Map<String, List<?>> values = new LinkedHashMap<>();
    options
        .getOptions("values")
        .values()
        .forEach(
            (key, value) -> {
              if (!(value instanceof List<?> list) || list.isEmpty()) {
                throw new IllegalArgumentException(
                    "values of %s must be lists by dotted key, got %s for \"%s\""
                        .formatted(options.owner(), value, key));
              }
              values.put(key, list);
            });
    return values;
  }

  private static Set<Long> random(long all, int count, Random random) {
    Set<Long> numbers = new LinkedHashSet<>();
    while (numbers.size() < count) {
      numbers.add(random.nextLong(all));
    }
    return numbers;
  }

  /** Returns one of all combinations by its number; the value of the last key changes fastest. */
  private static Map<String, Object> combination(
      Map<String, List<?>> values, long all, long number) {
    Map<String, Object> combination = new LinkedHashMap<>();
    long stride = all;
    for (Map.Entry<String, List<?>> value : values.entrySet()) {
      List<?> list = value.getValue();
      stride /= list.size();
      combination.put(value.getKey(), list.get((int) (number / stride % list.size())));
    }
    return combination;
  }

  /**
   * Returns the configuration of a trial, whatever the order of the keys: a recipe comes before
   * values of it, and the kind of a part, which replaces it, before the values of the part.
   */
  Options config(Map<String, Object> trial) {
    Options config = base;
    List<List<String>> paths =
        trial.keySet().stream()
            .map(Splitter.on('.')::splitToList)
            .sorted(
                Comparator.<List<String>>comparingInt(List::size)
                    .thenComparing(path -> !path.get(path.size() - 1).equals(Registry.KIND)))
            .toList();
    for (List<String> path : paths) {
      Object nested = Objects.requireNonNull(trial.get(String.join(".", path)));
      for (int i = path.size() - 1; i > 0; i--) {
        nested = Options.none().with(path.get(i), nested);
      }
      config = config.merge(ConfigFile.named(Options.none().with(path.get(0), nested)));
    }
    return config;
  }

  /** Returns the values of a trial in one line. */
  static String describe(Map<String, Object> trial) {
    return trial.entrySet().stream()
        .map(value -> value.getKey() + "=" + value.getValue())
        .collect(Collectors.joining(" "));
  }
}
