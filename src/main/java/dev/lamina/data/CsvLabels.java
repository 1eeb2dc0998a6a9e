package dev.lamina.data;

import com.google.common.base.Ascii;
import dev.lamina.io.LaminaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * A CSV file of images and their labels. The first row names the columns; if it names an image
 * itself, there is no such row, and the columns are path and label.
 */
final class CsvLabels {
  private static final List<String> PATHS =
      List.of(
          "path",
          "file",
          "filename",
          "file_name",
          "filepath",
          "file_path",
          "image",
          "image_path",
          "image_name",
          "image_id",
          "id");
  private static final List<String> LABELS =
      List.of("label", "labels", "class", "class_name", "category", "target");
  private static final List<String> SPLITS = List.of("split", "set", "subset");

  /**
   * A row.
   *
   * @param line its number, from 1
   * @param path the image as the file names it
   * @param split the part that the image belongs to, in lower case; empty if there is no such
   *     column
   */
  record Entry(int line, String path, String label, String split) {}

  /** The indices of the columns; -1 for one that is missing. */
  private record Columns(int path, int label, int split, boolean header) {
    boolean complete() {
      return path >= 0 && label >= 0 && path != label;
    }
  }

  private CsvLabels() {}

  static boolean isCsv(Path file) {
    return Files.isRegularFile(file) && FileKinds.extension(FileKinds.name(file)).equals("csv");
  }

  /** Whether a file is a CSV file with the columns of paths and labels. */
  static boolean isIn(Path file) {
    if (!isCsv(file)) {
      return false;
    }
    List<Csv.Row> first = Csv.read(file, 1);
    return !first.isEmpty() && columns(first.get(0).values()).complete();
  }

  /**
   * Reads all rows.
   *
   * @throws LaminaException if there is no column of paths or of labels, or a value is missing, or
   *     a row has more values than the first one
   */
  static List<Entry> read(Path file) {
    List<Csv.Row> rows = Csv.read(file, Integer.MAX_VALUE);
    List<String> first = rows.isEmpty() ? List.of() : rows.get(0).values();
    Columns columns = columns(first);
    if (!columns.complete()) {
      throw new LaminaException(
          "%s must have a column of paths, one of %s, and one of labels, one of %s, got %s; name the columns in the first line, with commas between them"
              .formatted(file, PATHS, LABELS, first));
    }
    checkUnique(file, first, columns);
    if (columns.header() && rows.size() == 1) {
      throw new LaminaException(
          file + " has no row below the names of its columns; add images, or remove the file");
    }
    for (Csv.Row row : rows) {
      checkLength(file, row, first.size());
    }
    List<Entry> entries = entries(rows, columns);
    for (Entry entry : entries) {
      check(file, entry, "path", entry.path());
      check(file, entry, "label", entry.label());
      if (columns.split() >= 0) {
        check(file, entry, "split", entry.split());
      }
    }
    return entries;
  }

  /** Returns the first rows of a file with the columns; a value that is missing is empty. */
  static List<Entry> head(Path file, int limit) {
    List<Csv.Row> rows = Csv.read(file, limit + 1);
    return entries(rows, columns(rows.get(0).values()));
  }

  private static List<Entry> entries(List<Csv.Row> rows, Columns columns) {
    return rows.stream()
        .skip(columns.header() ? 1 : 0)
        .map(
            row ->
                new Entry(
                    row.line(),
                    value(row, columns.path()),
                    Normalizer.normalize(value(row, columns.label()), Normalizer.Form.NFC),
                    Ascii.toLowerCase(value(row, columns.split()))))
        .toList();
  }

  private static String value(Csv.Row row, int column) {
    return column >= 0 && column < row.values().size() ? row.values().get(column) : "";
  }

  private static void check(Path file, Entry entry, String name, String value) {
    if (value.isEmpty()) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s has no %s in line %d; add it or remove the line",
              file,
              name,
              entry.line()));
    }
  }

  /** Refuses values behind the last column: those of a value with a comma that is not quoted. */
  private static void checkLength(Path file, Csv.Row row, int columns) {
    List<String> values = row.values();
    if (values.stream().skip(columns).anyMatch(value -> !value.isEmpty())) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s must have at most %d values in line %d, as in its first line, got %d; put quotation marks around a value with a comma, or name the further columns in the first line",
              file,
              columns,
              row.line(),
              values.size()));
    }
  }

  private static void checkUnique(Path file, List<String> first, Columns columns) {
    if (!columns.header()) {
      return;
    }
    List<String> names = names(first);
    for (int column : new int[] {columns.path(), columns.label(), columns.split()}) {
      if (column >= 0 && names.lastIndexOf(names.get(column)) != column) {
        throw new LaminaException(
            "%s has two columns with the name %s; remove or rename one"
                .formatted(file, names.get(column)));
      }
    }
  }

  private static Columns columns(List<String> first) {
    if (first.size() == 2 && FileKinds.isImage(first.get(0))) {
      return new Columns(0, 1, -1, false);
    }
    int path = index(first, PATHS);
    int label = index(first, LABELS);
    if (first.size() == 2 && path >= 0 && label < 0) {
      label = 1 - path;
    } else if (first.size() == 2 && label >= 0 && path < 0) {
      path = 1 - label;
    }
    return new Columns(path, label, index(first, SPLITS), true);
  }

  /** Returns the column with the first of the names that there is: a path comes before an id. */
  private static int index(List<String> header, List<String> names) {
    return names.stream().map(names(header)::indexOf).filter(i -> i >= 0).findFirst().orElse(-1);
  }

  private static List<String> names(List<String> header) {
    return header.stream().map(name -> Ascii.toLowerCase(name).replace(' ', '_')).toList();
  }

  /** The order of classes: by number if all labels are whole numbers, else by name. */
  static List<String> classes(List<Entry> entries) {
    List<String> names = entries.stream().map(Entry::label).distinct().toList();
    boolean numbers = names.stream().allMatch(name -> name.matches("\\d{1,9}"));
    return names.stream()
        .sorted(numbers ? Comparator.comparing(Integer::valueOf) : FolderWalk.CODE_POINTS)
        .toList();
  }
}
