package dev.lamina.spark;

import dev.lamina.format.OptionsJson;
import dev.lamina.io.LaminaException;
import java.io.Serializable;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Function1;
import scala.collection.Iterator;

/** The driver's side of a training: submits the barrier stage, and again if it fails. */
record BarrierTraining(SparkContext context, TrainingJob job) {
  private static final Logger LOG = LoggerFactory.getLogger(LaminaSpark.class);
  private static final int MAX_BACK_OFF_SECONDS = 60;
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);

  /** What of the message of a failed stage says why: a worker's own reason, or Spark's. */
  private static final Pattern REASON =
      Pattern.compile(
          Pattern.quote(WorkerFailedException.class.getName()) + ": (.*)|ExecutorLostFailure.*");

  TrainingResult run() {
    checkAllocation();
    for (int restarts = 0; ; restarts++) {
      awaitSlots();
      LOG.info("starting {} workers of {}", job.workers(), job.run());
      try {
        return new TrainingResult(job.run(), restarts, submit());
      } catch (Exception e) { // Scala throws checked exceptions without declaring them.
        String reason = reason(e);
        if (restarts == job.maxRestarts()) {
          throw new LaminaException(
              "restarts are used up (maxRestarts %s): %s; train again to continue the run"
                  .formatted(restarts, reason),
              e);
        }
        int seconds = Math.min(MAX_BACK_OFF_SECONDS, 1 << Math.min(restarts, 10));
        LOG.warn(
            "{}; starting all workers again in {} s ({} of {})",
            reason,
            seconds,
            restarts + 1,
            job.maxRestarts());
        sleep(Duration.ofSeconds(seconds));
      }
    }
  }

  /** Runs the stage, and returns what worker 0 has printed. */
  private List<String> submit() {
    List<Integer> perTask = Collections.nCopies(job.workers(), 0);
    JavaRDD<Integer> tasks =
        JavaSparkContext.fromSparkContext(context).parallelize(perTask, job.workers());
    // The Java API has no barrier; what follows in the same stage is in it too.
    var barrier =
        tasks
            .rdd()
            .barrier()
            .mapPartitions(
                (Function1<Iterator<Integer>, Iterator<Integer>> & Serializable) none -> none,
                true,
                tasks.classTag());
    WorkerTask task =
        new WorkerTask(
            OptionsJson.write(job.configuration()).toString(),
            job.run(),
            job.timeout().toSeconds());
    return JavaRDD.fromRDD(barrier, tasks.classTag()).mapPartitions(task).collect();
  }

  /** A barrier stage needs all its slots at once, which Spark does not ask for by itself. */
  private void checkAllocation() {
    if (context.getConf().getBoolean("spark.dynamicAllocation.enabled", false)) {
      throw new LaminaException(
          "spark.dynamicAllocation.enabled must be false, since all workers start at once; also give"
              + " the number of executors");
    }
  }

  /** Waits until all tasks can start; Spark itself would wait for ten minutes. */
  private void awaitSlots() {
    long deadline = System.nanoTime() + job.timeout().toNanos();
    int slots = slots();
    if (slots < job.workers()) {
      LOG.info("waiting for task slots for {} workers, has {}", job.workers(), slots);
    }
    while (slots < job.workers()) {
      if (System.nanoTime() > deadline) {
        throw new LaminaException(
            "workers must be at most the task slots of the application, %s after %s s, got %s; give it more executors"
                .formatted(slots, job.timeout().toSeconds(), job.workers()));
      }
      sleep(BETWEEN_LOOKS);
      slots = slots();
    }
  }

  /** Returns how many tasks can run at once, as Spark counts them for barrier stages. */
  private int slots() {
    return context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile());
  }

  /**
   * Returns in one line why a stage has failed.
   *
   * @throws LaminaException if no restart can repair that
   */
  private String reason(Exception e) {
    String message = String.valueOf(e.getMessage());
    // Others are cancelled jobs, and a context that was stopped.
    if (!(e instanceof SparkException) || !message.startsWith("Job aborted due to stage failure")) {
      throw e instanceof RuntimeException unchecked ? unchecked : new LaminaException(message, e);
    }
    Matcher reason = REASON.matcher(message);
    if (!reason.find()) {
      return message.lines().findFirst().orElse("");
    }
    String own = reason.group(1);
    if (own != null && WorkerFailedException.isUserError(own)) {
      throw new LaminaException(own, e);
    }
    return own == null ? reason.group() : own;
  }

  private static void sleep(Duration time) {
    try {
      TimeUnit.MILLISECONDS.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LaminaException("training was interrupted; train again to continue the run", e);
    }
  }
}
