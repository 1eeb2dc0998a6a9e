package dev.lamina.spark;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipe;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Trains on a folder of photographs with two workers, and classifies its test part. */
final class ExampleJob {
  private ExampleJob() {}

  static void run(SparkSession spark, String photos, String run) {
    // region example
    TrainingResult result = LaminaSpark.train(spark.sparkContext(), job(photos, run));
    result.lines().forEach(System.out::println);

    Dataset<Row> images =
        spark
            .read()
            .format("binaryFile")
            .option("recursiveFileLookup", true)
            .load(photos + "/test");
    LaminaSpark.predict(images, "content", result.export())
        .groupBy("label")
        .agg(count(lit(1)).as("images"), avg("probability").as("mean probability"))
        .orderBy("label")
        .show();
    // endregion
  }

  static TrainingJob job(String photos, String run) {
    // region job
    return TrainingJob.of(photos, run, 2)
        .network(Options.none().with("name", "resnet-cifar").with("width", 2))
        .recipe(
            Recipe.create()
                .epochs(8)
                .batchSize(10)
                .augmentations(List.of(RandomCrop.reflect(1), RandomFlip.horizontal())));
    // endregion
  }
}
