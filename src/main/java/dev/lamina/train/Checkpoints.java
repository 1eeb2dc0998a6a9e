package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.AtomicFiles;
import dev.lamina.data.DataException;
import dev.lamina.data.FolderLock;
import dev.lamina.export.FormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes checkpoints into the folder {@code checkpoints} of a run: after every epoch, once a
 * minute, and where the run is stopped. Old ones are deleted, but for the newest three and that of
 * the epoch with the best validation accuracy. {@link Trainer#resume} goes on from the newest.
 *
 * <p>The state is copied between two steps and written on another thread. One that cannot be
 * written (the disk is full, say) is logged as a warning, and training goes on. The folder is
 * locked while the run goes on, so that no second run writes there.
 */
public final class Checkpoints implements Callback {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
  private static final Pattern NAME = Pattern.compile("step-(\\d{1,18})\\.safetensors");

  private final Path folder;
  private final Duration interval;
  private final long steps;
  private final int keep;
  private @Nullable FolderLock lock;
  private CompletableFuture<@Nullable Void> writing = CompletableFuture.completedFuture(null);
  private long last;

  private Checkpoints(Path folder, Duration interval, long steps, int keep) {
    checkArgument(!interval.isNegative(), "every must not be negative, got %s", interval);
    checkArgument(steps > 0, "everySteps must be positive, got %s", steps);
    checkArgument(keep > 0, "keep must be positive, got %s", keep);
    this.folder = folder;
    this.interval = interval;
    this.steps = steps;
    this.keep = keep;
  }

  /** Checkpoints of a run. */
  public static Checkpoints in(Path run) {
    return new Checkpoints(folder(run), Duration.ofMinutes(1), Long.MAX_VALUE, 3);
  }

  /** With another time between two checkpoints, besides those after epochs; a minute unless set. */
  public Checkpoints every(Duration interval) {
    return new Checkpoints(folder, interval, steps, keep);
  }

  /** With checkpoints at every so many steps as well; none unless set. */
  public Checkpoints everySteps(long steps) {
    return new Checkpoints(folder, interval, steps, keep);
  }

  /** With another number of newest checkpoints that are kept; 3 unless set. */
  public Checkpoints keep(int keep) {
    return new Checkpoints(folder, interval, steps, keep);
  }

  /**
   * The newest checkpoint of a run that is whole. Each newer one that is damaged, or of a newer
   * version, is named in a warning and left alone.
   *
   * @return empty where the run has no checkpoints
   * @throws DataException where it has some and none can be read
   */
  public static Optional<Checkpoint> newest(Path run) {
    List<String> problems = new ArrayList<>();
    List<Path> files = files(folder(run));
    for (Path file : files) {
      try {
        Checkpoint checkpoint = Checkpoint.read(file);
        problems.forEach(problem -> LOG.warn("skipped: {}", problem));
        return Optional.of(checkpoint);
      } catch (FormatException | UncheckedIOException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    if (problems.isEmpty()) {
      return Optional.empty();
    }
    throw new DataException(
        "none of the "
            + files.size()
            + " checkpoints of "
            + run
            + " can be read; the newest: "
            + problems.get(0));
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    lock = FolderLock.of(folder);
    AtomicFiles.removeTemporaries(folder);
    last = System.nanoTime();
  }

  @Override
  public void onStep(StepEvent event, RunHandle run) {
    if ((event.step() + 1) % steps == 0 || System.nanoTime() - last >= interval.toNanos()) {
      start(run);
    }
  }

  @Override
  public void onEpoch(Epoch epoch, RunHandle run) {
    start(run);
  }

  @Override
  public void onStop(RunHandle run) {
    start(run);
  }

  @Override
  public void onEnd(History history) {
    try {
      await();
    } finally {
      if (lock != null) {
        lock.close();
        lock = null;
      }
    }
  }

  private void start(RunHandle run) {
    // At most one is under way, so that no more than two copies of the weights are in memory.
    await();
    last = System.nanoTime();
    Checkpoint checkpoint = run.checkpoint();
    writing = CompletableFuture.runAsync(() -> write(checkpoint), Checkpoints::onThread);
  }

  private static void onThread(Runnable task) {
    new Thread(task, "lamina-checkpoint").start();
  }

  private void await() {
    boolean interrupted = false;
    while (true) {
      try {
        writing.get();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      } catch (ExecutionException e) {
        throw new IllegalStateException("a checkpoint could not be made", e.getCause());
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(Checkpoint checkpoint) {
    try {
      checkpoint.write(folder.resolve(name(checkpoint.step())));
      prune(checkpoint);
    } catch (UncheckedIOException e) {
      LOG.warn("{}; training goes on without it: free space or mend the folder", e.getMessage());
    }
  }

  /**
   * Deletes what is neither among the newest nor the best. Files of later steps are left alone: the
   * run was resumed before them because they cannot be read.
   */
  private void prune(Checkpoint written) {
    long best = written.history().best().map(Epoch::steps).orElse(-1L);
    files(folder).stream()
        .filter(file -> step(file) <= written.step())
        .skip(keep)
        .filter(file -> step(file) != best)
        .forEach(Checkpoints::delete);
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be deleted (" + e + ")", e);
    }
  }

  private static Path folder(Path run) {
    return run.resolve("checkpoints");
  }

  private static String name(long step) {
    return String.format(Locale.ROOT, "step-%08d.safetensors", step);
  }

  /** The step in a file's name, -1 where it is no checkpoint. */
  private static long step(Path file) {
    Matcher matcher = NAME.matcher(String.valueOf(file.getFileName()));
    return matcher.matches() ? Long.parseLong(matcher.group(1)) : -1;
  }

  /** The checkpoints of a folder, the newest first. */
  private static List<Path> files(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> step(file) >= 0)
          .sorted(Comparator.comparingLong(Checkpoints::step).reversed())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + " cannot be read (" + e + "); check its permissions", e);
    }
  }
}
