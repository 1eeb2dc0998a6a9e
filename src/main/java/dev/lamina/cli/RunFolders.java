package dev.lamina.cli;

import dev.lamina.io.AtomicFiles;
import dev.lamina.io.FolderLock;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The folders of runs: {@code runs/TIME} unless another one is given. */
final class RunFolders {
  private static final Path RUNS = Path.of("runs");
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd-HHmmss", Locale.ROOT);

  private RunFolders() {}

  /** Creates a folder named after the time, with a number if another run has that name. */
  static Path fresh() {
    String time = LocalDateTime.now(ZoneId.systemDefault()).format(TIME);
    try {
      AtomicFiles.createFolder(RUNS);
      for (int i = 1; ; i++) {
        try {
          return Files.createDirectory(RUNS.resolve(i == 1 ? time : time + "-" + i));
        } catch (FileAlreadyExistsException e) {
          // Another run took it.
        }
      }
    } catch (IOException e) {
      throw new LaminaException(
          RUNS + " could not be written (" + e + "); name another folder with --run", e);
    }
  }

  /** Creates the folder of a run, which must be new or empty, and locks it. */
  static FolderLock create(Path run) {
    checkNew(run);
    return lock(run);
  }

  /** Checks that the folder of a run is new or empty. */
  static void checkNew(Path run) {
    checkFolder(run);
    if (!Files.isDirectory(run)) {
      return;
    }
    try (Stream<Path> files = Files.list(run)) {
      if (files.anyMatch(file -> !isLeftover(file))) {
        throw new LaminaException(run + " must be a new or empty folder; name another with --run");
      }
    } catch (IOException e) {
      throw new LaminaException(
          run + " could not be made (" + e + "); name another folder with --run", e);
    }
  }

  /** Checks that a path is of a folder, or can become one. */
  private static void checkFolder(Path path) {
    for (Path part = path; part != null && !Files.isDirectory(part); part = part.getParent()) {
      if (Files.exists(part)) {
        throw new LaminaException(
            "--run must be a folder or a new one, got %s, %s is a file; name another"
                .formatted(path, part.equals(path) ? "which" : "in which " + part));
      }
    }
  }

  /** Checks that a path is not of a folder. */
  static void checkFile(String option, @Nullable Path path) {
    if (path != null && Files.isDirectory(path)) {
      throw new LaminaException(
          "%s must be a file, got the folder %s; name a file in it".formatted(option, path));
    }
  }

  /** Returns whether a run that was killed at its start may leave this file. */
  private static boolean isLeftover(Path file) {
    return file.endsWith(FolderLock.FILE)
        || file.equals(RunConfig.initial(file.resolveSibling("")))
        || AtomicFiles.isTemporary(file);
  }

  /** Locks the folder of a run, and deletes partly written files of an interrupted one. */
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

  /** Returns the runs in a folder, such as that of a sweep, by name; itself if it has none. */
  static List<Path> in(Path folder) {
    if (RunConfig.isRun(folder) || !Files.isDirectory(folder)) {
      return List.of(folder);
    }
    List<Path> runs = folders(folder).stream().filter(RunConfig::isRun).sorted().toList();
    return runs.isEmpty() ? List.of(folder) : runs;
  }

  /** Returns the folders in a folder; none if it cannot be read. */
  private static List<Path> folders(Path folder) {
    try (Stream<Path> inside = Files.list(folder)) {
      return inside.filter(Files::isDirectory).toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Deletes a folder that {@link #fresh} has created, if no run has begun in it. */
  static void deleteIfEmpty(Path folder) {
    String[] files = folder.toFile().list();
    if (files != null && files.length == 0) {
      folder.toFile().delete();
    }
  }

  /**
   * Returns the given folder, or the one with the newest weights in {@code runs}, or in a folder of
   * runs there.
   */
  static Path find(@Nullable Path wanted) {
    return wanted != null ? wanted : newest(RUNS);
  }

  static Path newest(Path folder) {
    return folders(folder).stream()
        .flatMap(one -> in(one).stream())
        .filter(run -> Files.isRegularFile(RunConfig.weights(run)))
        .max(Comparator.comparing(run -> RunConfig.weights(run).toFile().lastModified()))
        .orElseThrow(
            () ->
                new LaminaException(
                    "no run found in %s; run 'lamina train' or name one with --run"
                        .formatted(folder)));
  }
}
