package dev.lamina.spark;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.Iterators;
import dev.lamina.data.Images;
import dev.lamina.data.Preprocessing;
import dev.lamina.format.SavedModelReader;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Adds predictions to the rows of a partition.
 *
 * @param column the index of the column with the images
 * @param export the folder of {@code saved_model.pb}
 * @param version when that file was written
 * @param batchSize how many images are computed at once
 * @param schema that of the result
 */
record Predicting(int column, String export, long version, int batchSize, StructType schema)
    implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1;

  private static final StructType ADDED =
      new StructType()
          .add("label", DataTypes.StringType)
          .add("probability", DataTypes.DoubleType)
          .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType, false))
          .add("error", DataTypes.StringType);

  /** Checks what can be checked before the first task. */
  static Predicting of(StructType images, String column, String export, int batchSize) {
    checkArgument(batchSize > 0, "batchSize must be positive, got %s", batchSize);
    List<String> columns = Arrays.asList(images.fieldNames());
    int index = columns.indexOf(column);
    if (index < 0) {
      throw new LaminaException(
          "column must be one of %s, got %s".formatted(columns, Messages.singleLine(column)));
    }
    DataType type = images.fields()[index].dataType();
    if (!type.equals(DataTypes.BinaryType) && !type.equals(DataTypes.StringType)) {
      throw new LaminaException(
          "column %s must be of type binary (files) or string (paths), is %s"
              .formatted(column, type.simpleString()));
    }
    StructType schema = images;
    for (StructField field : ADDED.fields()) {
      // Spark takes names that differ in case for the same.
      if (columns.stream().anyMatch(field.name()::equalsIgnoreCase)) {
        throw new LaminaException(
            "images must have no column %s, which is added; rename it".formatted(field.name()));
      }
      schema = schema.add(field);
    }
    Path folder = folder(export);
    return new Predicting(index, folder.toString(), version(folder), batchSize, schema);
  }

  private static Path folder(String export) {
    Path given = Path.of(export).toAbsolutePath();
    Path folder = Files.isDirectory(given) ? SavedModelReader.newest(given).orElse(given) : given;
    SavedModelReader.classNames(folder); // Throws if it is not an export.
    return folder;
  }

  private static long version(Path folder) {
    try {
      return Files.getLastModifiedTime(folder.resolve("saved_model.pb")).toMillis();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Dataset<Row> apply(Dataset<Row> images) {
    return images.mapPartitions(this, Encoders.row(schema));
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    Model model = LoadedModels.get(export, version);
    Iterator<List<Row>> batches = Iterators.partition(rows, batchSize);
    return Iterators.concat(
        Iterators.transform(batches, batch -> predict(model, batch).iterator()));
  }

  private List<Row> predict(Model model, List<Row> batch) {
    List<@Nullable String> errors = new ArrayList<>();
    List<byte[]> images = new ArrayList<>();
    for (Row row : batch) {
      String error = null;
      try {
        images.add(pixels(model, row));
      } catch (LaminaException | IllegalArgumentException e) {
        error = Messages.reason(e);
      }
      errors.add(error);
    }
    Iterator<Prediction> predictions =
        images.isEmpty()
            ? List.<Prediction>of().iterator()
            : model.predict(images.toArray(byte[][]::new)).iterator();
    List<Row> results = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      String error = errors.get(i);
      results.add(
          error == null ? with(batch.get(i), predictions.next()) : with(batch.get(i), error));
    }
    return results;
  }

  private byte[] pixels(Model model, Row row) {
    if (row.isNullAt(column)) {
      throw new LaminaException("column " + schema.fieldNames()[column] + " is null");
    }
    byte[] rgb =
        row.get(column) instanceof byte[] file
            ? Images.read("image", file, model.preprocessing())
            : Images.read(
                row.getString(column), file(row.getString(column)), model.preprocessing());
    return model.network().channels() == 1 ? Preprocessing.grey(rgb) : rgb;
  }

  private static byte[] file(String name) {
    var path = new org.apache.hadoop.fs.Path(name);
    try (InputStream in = path.getFileSystem(SparkHadoopUtil.get().conf()).open(path)) {
      return in.readAllBytes();
    } catch (FileNotFoundException e) {
      throw new LaminaException(Messages.reason(e), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // The file system may answer when Spark tries again.
    }
  }

  private static Row with(Row row, Prediction prediction) {
    Prediction.Candidate best = prediction.best();
    Object[] probabilities = prediction.probabilities().asList().toArray();
    return with(row, best.label(), best.probability(), probabilities, null);
  }

  private static Row with(Row row, String error) {
    return with(row, null, null, null, error);
  }

  private static Row with(Row row, @Nullable Object... added) {
    Object[] values = new Object[row.size() + added.length];
    for (int i = 0; i < row.size(); i++) {
      values[i] = row.get(i);
    }
    System.arraycopy(added, 0, values, row.size(), added.length);
    return RowFactory.create(values);
  }
}
