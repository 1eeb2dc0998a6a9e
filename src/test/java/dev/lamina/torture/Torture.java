package dev.lamina.torture;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;

/** The long forms of the tests of this package; {@code tools/torture} runs each in a process. */
final class Torture {
  /** A part continues to its limit and returns its results; it throws if something failed. */
  @FunctionalInterface
  private interface Part {
    String run(Limit limit, Path scratch) throws Exception;
  }

  private static final ImmutableMap<String, Part> PARTS =
      ImmutableMap.of(
          "kills", Kills::run,
          "signals", DoubleSignals::run,
          "fuzz", Fuzzing::run,
          "soak", Soak::run,
          "determinism", Determinism::run,
          "cost", CheckpointCost::run,
          "distributed", Distributed::run);

  private Torture() {}

  /** The part, its limit, and an empty folder for its files. */
  public static void main(String[] args) throws Exception {
    Part part = PARTS.get(args[0]);
    if (part == null) {
      System.err.println("part must be one of " + PARTS.keySet() + ", got " + args[0]);
      System.exit(2);
      return;
    }
    System.out.println(args[0] + ": " + part.run(Limit.parse(args[1]), Path.of(args[2])));
    System.exit(0);
  }
}
