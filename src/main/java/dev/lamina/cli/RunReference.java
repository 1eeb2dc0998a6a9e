package dev.lamina.cli;

import dev.lamina.io.LaminaException;
import dev.lamina.train.Checkpoints;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Weights of a run as a user names them: {@code RUN@best}, the best epoch by validation, {@code
 * RUN@last}, the newest checkpoint, or {@code RUN@STEP}, the checkpoint after a step. The
 * checkpoint of the best epoch and the newest three are kept.
 *
 * @param run the folder of the run
 * @param which what stands behind the sign
 */
record RunReference(Path run, String which) {
  /** Returns what a path names; empty if it is a file or a folder. */
  static Optional<RunReference> of(Path path) {
    String name = String.valueOf(path.getFileName());
    int at = name.lastIndexOf('@');
    return at <= 0 || Files.exists(path)
        ? Optional.empty()
        : Optional.of(
            new RunReference(path.resolveSibling(name.substring(0, at)), name.substring(at + 1)));
  }

  /**
   * Returns the file of the weights.
   *
   * @throws LaminaException if there is none; the message lists what there is
   */
  Path file() {
    SortedMap<Long, Path> checkpoints = Checkpoints.files(run);
    Map<String, Path> files = new LinkedHashMap<>();
    checkpoints.forEach((step, file) -> files.put(Long.toString(step), file));
    if (hasBest()) {
      files.put("best", RunConfig.weights(run));
    }
    checkpoints.values().forEach(file -> files.put("last", file));
    Path file = files.get(which);
    if (file == null) {
      throw new LaminaException(
          "%s has no %s; it has %s"
              .formatted(
                  run,
                  which.matches("\\d+")
                      ? "checkpoint of step " + which
                      : "weights named \"" + which + "\"",
                  files.isEmpty()
                      ? "none yet"
                      : (checkpoints.isEmpty() ? "" : "steps ")
                          + String.join(", ", files.keySet())));
    }
    return file;
  }

  /** Without validation no epoch is the best, and the weights are those of the last one. */
  private boolean hasBest() {
    RunConfig.Validation validation = RunConfig.read(run).validation();
    return (validation == RunConfig.Validation.SHARE || validation == RunConfig.Validation.PART)
        && Files.exists(RunConfig.weights(run));
  }
}
