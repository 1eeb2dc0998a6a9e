package dev.lamina.spark;

import dev.lamina.io.LaminaException;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Trains and predicts on the executors of Spark.
 *
 * <pre>{@code
 * TrainingResult result = LaminaSpark.train(
 *     spark.sparkContext(),
 *     TrainingJob.of("/shared/photos", "/shared/runs/photos", 4).recipe(Recipe.create().epochs(30)));
 * Dataset<Row> images = spark.read().format("binaryFile").load("hdfs:///new");
 * Dataset<Row> labels = LaminaSpark.predict(images, "content", result.export()).drop("content");
 * }</pre>
 */
public final class LaminaSpark {
  private static final int DEFAULT_BATCH_SIZE = 32;

  private LaminaSpark() {}

  /**
   * Trains with several workers, and waits for the end. The workers are the tasks of one barrier
   * stage; each runs {@code lamina train} in a process of its own. If one fails, or its executor is
   * lost, the stage is submitted again, and all continue from the newest checkpoint. If the run's
   * folder has a run of the same network already, it is continued.
   *
   * @throws LaminaException if the run's folder or the images cannot be used, a value of the
   *     configuration is invalid, the run diverges, the application has fewer task slots than
   *     workers, or the restarts are used up
   */
  public static TrainingResult train(SparkContext context, TrainingJob job) {
    return new BarrierTraining(context, job).run();
  }

  /** Classifies images in batches of 32, as {@link #predict(Dataset, String, String, int)} does. */
  public static Dataset<Row> predict(Dataset<Row> images, String column, String export) {
    return predict(images, column, export, DEFAULT_BATCH_SIZE);
  }

  /**
   * Classifies images: adds to every row of a dataset what its image shows. It is a transformation:
   * nothing is computed until the result is used, and Spark repeats what an executor has lost.
   * Every executor loads the model once, for all its tasks. The images are prepared as those that
   * the model was trained on.
   *
   * <table>
   * <caption>The added columns</caption>
   * <tr><td>{@code label} (string)</td><td>the name of the most probable class</td></tr>
   * <tr><td>{@code probability} (double)</td><td>its probability</td></tr>
   * <tr><td>{@code probabilities} (array of doubles)</td><td>those of all classes, in the order of
   *     the model</td></tr>
   * <tr><td>{@code error} (string)</td><td>why the image could not be read; then the others are
   *     null, and otherwise this is</td></tr>
   * </table>
   *
   * @param column the column with the images: files as bytes, or their paths, of any file system
   *     that Spark reads
   * @param export the folder of {@code saved_model.pb}, or that of its numbered versions; driver
   *     and executors must see it
   * @param batchSize how many images are computed at once
   * @throws LaminaException if there is no such column, it has another type, a column of a name
   *     above exists already, or the folder is not an export of Lamina
   */
  public static Dataset<Row> predict(
      Dataset<Row> images, String column, String export, int batchSize) {
    return Predicting.of(images.schema(), column, export, batchSize).apply(images);
  }
}
