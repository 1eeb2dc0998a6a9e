package dev.lamina.train;

import dev.lamina.io.AtomicFiles;
import dev.lamina.io.FolderLock;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the {@link Checkpoints} of one run. */
final class CheckpointWriter implements Callback {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointWriter.class);

  private final Checkpoints options;
  private final CheckpointFolder folder;
  private @Nullable FolderLock lock;
  private CompletableFuture<@Nullable Void> writing = CompletableFuture.completedFuture(null);
  private long last;

  CheckpointWriter(Checkpoints options) {
    this.options = options;
    folder = CheckpointFolder.of(options.run());
  }

  @Override
  public String name() {
    return "Checkpoints";
  }

  @Override
  public boolean runsLast() {
    return true;
  }

  @Override
  public void onStart(RunPlan plan, RunHandle run) {
    lock = FolderLock.of(folder.path());
    AtomicFiles.removeTemporaries(folder.path());
    last = System.nanoTime();
  }

  @Override
  public void onStep(StepEvent event, RunHandle run) {
    if ((event.step() + 1) % options.steps() == 0
        || Duration.ofNanos(System.nanoTime() - last).compareTo(options.interval()) >= 0) {
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
    // The run may be about to fail: then its message says whether there is a checkpoint.
    await();
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
    if (lock == null) {
      return; // The run failed before this callback was started.
    }
    // At most one is written at a time, so that memory holds at most two copies of the weights.
    await();
    last = System.nanoTime();
    Checkpoint checkpoint = run.checkpoint();
    writing = CompletableFuture.runAsync(() -> write(checkpoint), CheckpointWriter::onThread);
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
        if (e.getCause() instanceof Error error) {
          throw error; // Such as no memory.
        }
        throw new IllegalStateException("a checkpoint could not be made", e.getCause());
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(Checkpoint checkpoint) {
    try {
      checkpoint.write(folder.file(checkpoint.step()));
      folder.prune(checkpoint, options.keep());
    } catch (UncheckedIOException e) {
      LOG.warn(
          "{}; training continues without it: free space or repair the folder", e.getMessage());
    }
  }
}
