package dev.lamina.cli;

import dev.lamina.data.AtomicFiles;
import dev.lamina.data.DataException;
import dev.lamina.data.FolderLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Where runs lie: {@code runs/TIME} unless the user says otherwise. */
final class RunFolders {
  private static final Path RUNS = Path.of("runs");
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss", Locale.ROOT);

  private RunFolders() {}

  /** A folder named after the time. */
  static Path fresh() {
    return RUNS.resolve(LocalDateTime.now(ZoneId.systemDefault()).format(TIME));
  }

  /** Makes the folder of a new run, which must be new or empty, and locks it. */
  static FolderLock create(Path run) {
    try {
      if (Files.isDirectory(run)) {
        try (Stream<Path> files = Files.list(run)) {
          if (files.anyMatch(file -> !isLeftover(file))) {
            throw new DataException(
                run + " must be a new or empty folder; name another with --run");
          }
        }
      }
      return lock(run);
    } catch (IOException e) {
      throw new DataException(
          run + " could not be made (" + e + "); name another folder with --run", e);
    }
  }

  /** Whether a run that was killed in its first moments leaves such a file. */
  private static boolean isLeftover(Path file) {
    return file.endsWith(FolderLock.FILE)
        || file.equals(RunConfig.initial(file.resolveSibling("")))
        || AtomicFiles.isTemporary(file);
  }

  /** Locks the folder of a run, and removes what an interrupted one left half-written. */
  static FolderLock lock(Path run) {
    FolderLock lock = FolderLock.of(run);
    try {
      AtomicFiles.removeTemporaries(run);
      return lock;
    } catch (RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /** The given folder, or the one of {@code runs} whose weights are the newest. */
  static Path find(@Nullable Path wanted) {
    if (wanted != null) {
      return wanted;
    }
    if (Files.isDirectory(RUNS)) {
      try (Stream<Path> runs = Files.list(RUNS)) {
        Path newest =
            runs.filter(run -> Files.isRegularFile(RunConfig.weights(run)))
                .max(Comparator.comparing(run -> RunConfig.weights(run).toFile().lastModified()))
                .orElse(null);
        if (newest != null) {
          return newest;
        }
      } catch (IOException e) {
        throw new DataException(RUNS + " could not be read (" + e + "); name a run with --run", e);
      }
    }
    throw new DataException(
        "no run found in " + RUNS + "; run 'lamina train' or name one with --run");
  }
}
