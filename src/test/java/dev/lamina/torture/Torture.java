package dev.lamina.torture;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The long forms of the tests of this package; {@code tools/torture} runs them. */
final class Torture {
  /** A part takes its time, and returns its figures; it throws where something broke. */
  @FunctionalInterface
  private interface Part {
    String run(Path scratch, Duration time, long seed) throws Exception;
  }

  private static final Map<String, Part> PARTS = new LinkedHashMap<>();

  static {
    PARTS.put("kills", Torture::kills);
  }

  private Torture() {}

  /** The minutes for each part, the scratch folder, and the parts; none means all. */
  public static void main(String[] args) throws Exception {
    List<String> words = List.of(args);
    Duration time = Duration.ofSeconds(Math.round(60 * Double.parseDouble(words.get(0))));
    Path scratch = Path.of(words.get(1));
    List<String> wanted =
        words.size() == 2 ? List.copyOf(PARTS.keySet()) : words.subList(2, words.size());
    for (String name : wanted) {
      Part part = PARTS.get(name);
      if (part == null) {
        System.err.println("part must be one of " + PARTS.keySet() + ", got " + name);
        System.exit(2);
        return;
      }
      long seed = System.nanoTime();
      System.out.printf("%s: seed %d, %d s%n", name, seed, time.toSeconds());
      Path folder = Files.createDirectories(scratch.resolve(name));
      System.out.printf("%s: %s%n", name, part.run(folder, time, seed));
    }
  }

  private static String kills(Path scratch, Duration time, long seed) throws Exception {
    long end = System.nanoTime() + time.toNanos();
    Kills kills = new Kills(scratch, seed, 30);
    kills.run(() -> System.nanoTime() > end);
    return kills.figures();
  }
}
