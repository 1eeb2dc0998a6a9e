package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.io.LaminaException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes checkpoints into the folder {@code checkpoints} of a run: after every epoch, once a
 * minute, and if the run is stopped. Old ones are deleted, except for the newest three and that of
 * the epoch with the best validation accuracy. {@link Trainer#resume} continues from the newest;
 * {@link Trainer#fit} starts a new run, and deletes the checkpoints of an older one in the folder
 * when it begins.
 *
 * <p>The state is copied between two steps and written on another thread. If one cannot be written
 * (the disk is full, say), a warning is logged and training continues. The folder is locked during
 * the run, so that no second run writes there.
 *
 * <p>In the epochs of {@link Recipe#freezeEpochs} only the newest checkpoint is kept, in a folder
 * of its own.
 *
 * <p>This callback is called last, so that checkpoints contain the state of the others.
 *
 * @param run the folder of the run
 * @param interval the time between two checkpoints, besides those after epochs; a minute unless set
 * @param steps the number of steps between two checkpoints; unlimited unless set
 * @param keep the number of newest checkpoints that are kept; 3 unless set
 */
public record Checkpoints(Path run, Duration interval, long steps, int keep) implements Callback {
  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

  /** Checks that interval is not negative, and steps and keep are positive. */
  public Checkpoints {
    checkArgument(!interval.isNegative(), "every must not be negative, got %s", interval);
    checkArgument(steps > 0, "everySteps must be positive, got %s", steps);
    checkArgument(keep > 0, "keep must be positive, got %s", keep);
  }

  /** Returns a callback that writes checkpoints into a run folder. */
  public static Checkpoints in(Path run) {
    return new Checkpoints(run, Duration.ofMinutes(1), Long.MAX_VALUE, 3);
  }

  /**
   * Returns this callback with another time between two checkpoints, besides those after epochs.
   */
  public Checkpoints every(Duration interval) {
    return new Checkpoints(run, interval, steps, keep);
  }

  /** Returns this callback with checkpoints after every {@code steps} steps as well. */
  public Checkpoints everySteps(long steps) {
    return new Checkpoints(run, interval, steps, keep);
  }

  /** Returns this callback with another number of newest checkpoints that are kept. */
  public Checkpoints keep(int keep) {
    return new Checkpoints(run, interval, steps, keep);
  }

  @Override
  public boolean runsLast() {
    return true;
  }

  @Override
  public boolean duringFreezeEpochs() {
    return true;
  }

  /**
   * Returns where the checkpoints of a run's {@link Recipe#freezeEpochs} are, which are a run of
   * their own: the folder to give to {@link #newest}.
   */
  public static Path ofFreezeEpochs(Path run) {
    return run.resolve("freeze-epochs");
  }

  /** Returns a callback as it is in the freezeEpochs: checkpoints go to their own folder. */
  static Callback forFreezeEpochs(Callback callback) {
    return callback instanceof Checkpoints checkpoints
        ? new Checkpoints(
            ofFreezeEpochs(checkpoints.run), checkpoints.interval, checkpoints.steps, 1)
        : callback;
  }

  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public Callback forRun() {
    return new CheckpointWriter(this);
  }

  /** Returns the first of these among callbacks. */
  static Optional<Checkpoints> among(List<Callback> callbacks) {
    return callbacks.stream()
        .filter(Checkpoints.class::isInstance)
        .map(Checkpoints.class::cast)
        .findFirst();
  }

  /** Returns whether a callback writes checkpoints into the folder of a run. */
  static boolean writes(Callback callback, Path run) {
    return callback instanceof Checkpoints checkpoints
        && checkpoints.run.toAbsolutePath().normalize().equals(run.toAbsolutePath().normalize());
  }

  /** Deletes what an older run has left where some of the callbacks write those of a new one. */
  static void clear(List<Callback> callbacks) {
    for (Callback callback : callbacks) {
      if (callback instanceof Checkpoints checkpoints) {
        CheckpointFolder.of(checkpoints.run).clear();
        CheckpointFolder.of(ofFreezeEpochs(checkpoints.run)).clear();
      }
    }
  }

  /** Returns the files of a run's checkpoints by their step, in that order. */
  public static SortedMap<Long, Path> files(Path run) {
    return CheckpointFolder.of(run).bySteps();
  }

  /**
   * Returns the newest intact checkpoint of a run. Newer ones that are damaged, or of a newer
   * version, are kept, with a warning.
   *
   * @return empty if the run has no checkpoints
   * @throws LaminaException if it has checkpoints and none can be read
   */
  public static Optional<Checkpoint> newest(Path run) {
    List<String> problems = new ArrayList<>();
    List<Path> files = CheckpointFolder.of(run).files();
    for (Path file : files) {
      try {
        Checkpoint checkpoint = Checkpoint.read(file);
        problems.forEach(problem -> LOG.warn("skipped: {}", problem));
        return Optional.of(checkpoint);
      } catch (LaminaException | UncheckedIOException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    if (problems.isEmpty()) {
      return Optional.empty();
    }
    throw new LaminaException(
        "none of the "
            + files.size()
            + " checkpoints of "
            + run
            + " can be read; the newest: "
            + problems.get(0));
  }
}
