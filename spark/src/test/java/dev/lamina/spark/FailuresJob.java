package dev.lamina.spark;

import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FilterFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Runs the example, then the same while executors and workers are killed, and with input that
 * cannot be used. It prints what came of it, a line each.
 */
public final class FailuresJob {
  private static final long START = System.nanoTime();

  private final SparkSession spark;
  private final Path folder;

  private FailuresJob(SparkSession spark, Path folder) {
    this.spark = spark;
    this.folder = folder;
  }

  /** Runs the job: the folder with the photographs, and for the runs. */
  public static void main(String[] arguments) throws Exception {
    try (SparkSession spark = SparkSession.builder().appName("photos").getOrCreate()) {
      FailuresJob job = new FailuresJob(spark, Path.of(arguments[0]));
      ExampleJob.run(spark, arguments[0] + "/photos", arguments[0] + "/run");
      job.killWorkers();
      job.killPredicting();
      job.readImages();
      job.refuse();
      job.cancel();
    }
  }

  /**
   * Kills the executor of worker 0 after the first checkpoint, and the process of worker 1 after a
   * later one.
   */
  private void killWorkers() throws InterruptedException {
    Path run = folder.resolve("killed");
    Thread killer =
        new Thread(
            () -> {
              awaitCheckpointAfter(run, "");
              ProcessHandle first = awaitWriter(run, 0);
              first.parent().orElseThrow().destroyForcibly();
              first.onExit().join();
              ProcessHandle second = awaitWriter(run, first.pid());
              awaitCheckpointAfter(run, newestCheckpoint(run));
              executors()
                  .flatMap(ProcessHandle::children)
                  .filter(worker -> worker.pid() != second.pid())
                  .forEach(ProcessHandle::destroyForcibly);
            });
    killer.start();
    TrainingResult result =
        LaminaSpark.train(
            spark.sparkContext(), ExampleJob.job(folder.resolve("photos").toString(), run + ""));
    killer.join();
    say("killed training: restarts", result.restarts());
    say("killed training", result.lines().get(result.lines().size() - 1));
  }

  /** Cancels a training once it has begun, which ends the processes of its workers. */
  private void cancel() throws InterruptedException {
    Path run = folder.resolve("cancelled");
    Thread canceller =
        new Thread(
            () -> {
              ProcessHandle writer = awaitWriter(run, 0);
              spark.sparkContext().cancelAllJobs();
              writer.onExit().join();
            });
    canceller.start();
    refuse(
        () ->
            LaminaSpark.train(
                spark.sparkContext(),
                ExampleJob.job(folder.resolve("photos").toString(), run.toString())));
    canceller.join();
  }

  /** In a local cluster the executors are children of the driver. */
  private static Stream<ProcessHandle> executors() {
    return ProcessHandle.current()
        .children()
        .filter(child -> child.info().commandLine().orElse("").contains("ExecutorBackend"));
  }

  /** Waits for another process that writes the run, which is worker 0, and returns it. */
  private static ProcessHandle awaitWriter(Path run, long before) {
    while (true) {
      try {
        long pid = Long.parseLong(Files.readString(run.resolve(".lock")));
        Optional<ProcessHandle> writer = ProcessHandle.of(pid);
        if (pid != before && writer.isPresent()) {
          return writer.get();
        }
      } catch (IOException | NumberFormatException e) {
        // It is being written.
      }
      sleep();
    }
  }

  private static void awaitCheckpointAfter(Path run, String before) {
    while (newestCheckpoint(run).compareTo(before) <= 0) {
      sleep();
    }
  }

  private static String newestCheckpoint(Path run) {
    try (Stream<Path> files = Files.list(run.resolve("checkpoints"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("step-\\d+\\.safetensors"))
          .max(String::compareTo)
          .orElse("");
    } catch (IOException e) {
      return ""; // There is none yet.
    }
  }

  /** Waits a moment for what has to come; not for ever, if it has been missed. */
  private static void sleep() {
    if (System.nanoTime() - START > TimeUnit.MINUTES.toNanos(10)) {
      throw new IllegalStateException("what was waited for did not come");
    }
    try {
      TimeUnit.MILLISECONDS.sleep(10);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Predicts all photographs five times in four tasks, undisturbed and with a killed executor. */
  private void killPredicting() throws IOException {
    List<String> paths = photographs();
    String victim = paths.get(paths.size() / 2);
    List<String> all = Collections.nCopies(5, paths).stream().flatMap(List::stream).toList();
    Dataset<String> images =
        spark.createDataset(
            JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(all, 4).rdd(),
            Encoders.STRING());
    List<Row> undisturbed = predict(images);
    String marker = folder.resolve("killed-predicting").toString();
    List<Row> killed =
        predict(
            images.filter(
                (FilterFunction<String>)
                    path -> {
                      if (path.equals(victim)) {
                        killOnce(marker);
                      }
                      return true;
                    }));
    say("killed predicting: executor was killed", Files.exists(Path.of(marker)));
    say("undisturbed predicting: images", undisturbed.size());
    say("undisturbed predicting: sum of probabilities", sum(undisturbed));
    say("killed predicting: sum of probabilities", sum(killed));
    say("killed predicting: same rows", killed.equals(undisturbed));
  }

  private List<String> photographs() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("photos"))) {
      return files.filter(Files::isRegularFile).map(Path::toString).sorted().toList();
    }
  }

  private List<Row> predict(Dataset<String> paths) {
    return LaminaSpark.predict(paths.toDF("path"), "path", export(), 7).collectAsList();
  }

  private String export() {
    return folder.resolve("run/export").toString();
  }

  private static double sum(List<Row> rows) {
    return rows.stream().mapToDouble(row -> row.getDouble(row.fieldIndex("probability"))).sum();
  }

  /** Kills this executor, unless that was done before. */
  private static void killOnce(String marker) throws IOException, InterruptedException {
    try {
      Files.createFile(Path.of(marker));
    } catch (FileAlreadyExistsException e) {
      return;
    }
    new ProcessBuilder("kill", "-KILL", ProcessHandle.current().pid() + "").start().waitFor();
    TimeUnit.MINUTES.sleep(1);
  }

  private void readImages() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.png"), "no image");
    List<String> paths =
        List.of(
            folder.resolve("photos/test/red/20.png").toString(),
            bad.toString(),
            folder.resolve("missing.png").toString());
    List<Row> rows = predict(spark.createDataset(paths, Encoders.STRING()));
    Row image = rows.get(0);
    say("one image", String.format(Locale.ROOT, "%s %.4f", image.getString(1), image.getDouble(2)));
    say("bad image", rows.get(1));
    say("bad image", rows.get(2));
    Dataset<Row> files =
        spark
            .createDataset(Arrays.asList(new byte[] {1, 2}, null), Encoders.BINARY())
            .toDF("content");
    LaminaSpark.predict(files, "content", export())
        .select("label", "error")
        .collectAsList()
        .forEach(row -> say("bad image", row));
  }

  private void refuse() {
    String photos = folder.resolve("photos").toString();
    refuse(() -> TrainingJob.of(photos, "runs/1", 2));
    refuse(() -> TrainingJob.of(photos, folder + "/run", 0));
    refuse(
        () ->
            LaminaSpark.train(
                spark.sparkContext(),
                TrainingJob.of(photos, folder + "/many", 3).timeout(Duration.ofSeconds(1))));
    // Every executor sees another folder under this path.
    refuse(
        () ->
            LaminaSpark.train(spark.sparkContext(), ExampleJob.job(photos, "/proc/self/cwd/run")));
    Dataset<Row> rows = spark.range(1).toDF("path");
    refuse(() -> LaminaSpark.predict(rows, "path", export()));
    refuse(() -> LaminaSpark.predict(rows, "image", export()));
    Dataset<Row> paths = rows.select(functions.lit("a.png").as("path"));
    refuse(() -> LaminaSpark.predict(paths, "path", photos));
    refuse(() -> LaminaSpark.predict(paths, "path", export(), 0));
    refuse(
        () -> LaminaSpark.predict(paths.withColumn("label", functions.lit(1)), "path", export()));
  }

  private static void refuse(Runnable action) {
    try {
      action.run();
      say("not refused", "");
    } catch (LaminaException | IllegalArgumentException e) {
      say("refused", String.valueOf(e.getMessage()));
    }
  }

  private static void say(String what, Object value) {
    System.out.println(what + ": " + value);
  }
}
