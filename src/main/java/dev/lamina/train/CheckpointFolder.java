package dev.lamina.train;

import dev.lamina.io.FolderLock;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a run's checkpoints, and the names in it.
 *
 * @param path the folder
 */
record CheckpointFolder(Path path) {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointFolder.class);
  private static final Pattern NAME = Pattern.compile("step-(\\d{1,18})\\.safetensors");

  static CheckpointFolder of(Path run) {
    return new CheckpointFolder(run.resolve("checkpoints"));
  }

  Path file(long step) {
    return path.resolve(String.format(Locale.ROOT, "step-%08d.safetensors", step));
  }

  /** Returns the step in a file's name; -1 if the file is not a checkpoint. */
  private static long step(Path file) {
    Matcher matcher = NAME.matcher(String.valueOf(file.getFileName()));
    return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
  }

  /** Returns the checkpoints, the newest first. */
  List<Path> files() {
    return List.copyOf(bySteps().descendingMap().values());
  }

  /** Returns the checkpoints by step. */
  NavigableMap<Long, Path> bySteps() {
    NavigableMap<Long, Path> found = new TreeMap<>();
    if (!Files.isDirectory(path)) {
      return found;
    }
    try (Stream<Path> files = Files.list(path)) {
      files.filter(file -> step(file) >= 0).forEach(file -> found.put(step(file), file));
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(
          path + " cannot be read (" + e + "); check its permissions", e);
    }
  }

  /**
   * Deletes all but the newest checkpoints and the best one. Files of later steps stay: the run was
   * resumed before them because they cannot be read.
   */
  void prune(Checkpoint written, int keep) {
    long best = written.history().best().map(Epoch::steps).orElse(-1L);
    files().stream()
        .filter(file -> step(file) <= written.step())
        .skip(keep)
        .filter(file -> step(file) != best)
        .forEach(CheckpointFolder::delete);
  }

  /**
   * Deletes the checkpoints of an older run, so that they are not taken for those of a new one.
   *
   * @throws LaminaException if that run still goes on
   */
  @SuppressWarnings("try") // The lock is held, not used.
  void clear() {
    List<Path> older = files().stream().filter(Files::isRegularFile).toList();
    if (older.isEmpty()) {
      return;
    }
    try (FolderLock lock = FolderLock.of(path)) {
      LOG.info("the new run replaces the {} checkpoints of an older one in {}", older.size(), path);
      older.forEach(CheckpointFolder::delete);
    }
  }

  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be deleted (" + e + ")", e);
    }
  }
}
