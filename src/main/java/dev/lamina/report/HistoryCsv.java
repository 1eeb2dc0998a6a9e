package dev.lamina.report;

import com.google.common.base.Splitter;
import com.google.common.primitives.Doubles;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.LaminaException;
import dev.lamina.step.Metrics;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The history of a run as a CSV file, one row per epoch; {@code seconds} is the duration of the
 * epoch. Each metric beside loss and accuracy has two columns at the end: its name, and {@code
 * val_} and its name.
 */
public final class HistoryCsv {
  private static final Splitter COMMA = Splitter.on(',');

  private HistoryCsv() {}

  /**
   * Writes the file, replacing an existing one atomically. Numbers are written with full precision,
   * so that runs can be compared exactly.
   */
  public static void write(History history, Path file) {
    write(history, Map.of(), file);
  }

  /**
   * Writes the file with two columns more, {@code test_loss} and {@code test_accuracy}.
   *
   * @param test the evaluation of the test images after each epoch, by its number; if it is empty,
   *     there are no such columns
   */
  public static void write(History history, Map<Integer, Metrics> test, Path file) {
    StringBuilder text = new StringBuilder("epoch,steps,loss,accuracy,val_loss,val_accuracy");
    text.append(test.isEmpty() ? "" : ",test_loss,test_accuracy");
    text.append(",learning_rate,momentum,seconds");
    List<String> more = moreMetrics(history);
    more.forEach(name -> text.append(",%s,val_%s".formatted(name, name)));
    text.append('\n');
    for (Epoch epoch : history.epochs()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%d,%d,%s,%s,%s%s,%s,%s,%s%s\n",
              epoch.number(),
              epoch.steps(),
              epoch.loss(),
              epoch.accuracy(),
              columns(epoch.validation()),
              test.isEmpty() ? "" : "," + columns(Optional.ofNullable(test.get(epoch.number()))),
              epoch.learningRate(),
              epoch.momentum(),
              epoch.seconds(),
              more.stream().map(name -> columns(epoch, name)).collect(Collectors.joining())));
    }
    AtomicFiles.writeString(file, text.toString());
  }

  /**
   * Reads a file that this class wrote.
   *
   * @return the columns by name, in order, each with one number for each epoch; NaN where there is
   *     none
   * @throws LaminaException if the file is missing or damaged
   */
  public static Map<String, List<Double>> read(Path file) {
    Map<String, List<Double>> columns = new LinkedHashMap<>();
    try {
      String text = Files.readString(file);
      if (!text.endsWith("\n")) {
        throw new LaminaException(
            file + " is damaged (its last line is cut off); restore it, or leave the run out");
      }
      List<String> lines = text.lines().toList();
      lines.stream()
          .limit(1)
          .flatMap(COMMA::splitToStream)
          .forEach(name -> columns.put(name, new ArrayList<>()));
      for (int i = 1; i < lines.size(); i++) {
        List<Double> numbers = numbers(lines.get(i));
        if (numbers.size() != columns.size()) {
          throw new LaminaException(
              "%s is damaged (line %s must have %s numbers); restore it, or leave the run out"
                  .formatted(file, i + 1, columns.size()));
        }
        int column = 0;
        for (List<Double> values : columns.values()) {
          values.add(numbers.get(column++));
        }
      }
      return columns;
    } catch (IOException e) {
      throw new LaminaException(file + " could not be read (" + e + ")", e);
    }
  }

  /** Returns the numbers of a line, up to the first cell that is neither one nor empty. */
  private static List<Double> numbers(String line) {
    List<Double> numbers = new ArrayList<>();
    for (String cell : COMMA.split(line)) {
      Double number = cell.isEmpty() ? Double.valueOf(Double.NaN) : Doubles.tryParse(cell);
      if (number == null) {
        return numbers;
      }
      numbers.add(number);
    }
    return numbers;
  }

  private static String columns(Optional<Metrics> metrics) {
    return metrics.map(m -> m.loss() + "," + m.accuracy()).orElse(",");
  }

  /** Returns the names of the metrics beside the accuracy. A resumed run may have others. */
  private static List<String> moreMetrics(History history) {
    return history.epochs().stream()
        .flatMap(epoch -> epoch.training().values().keySet().stream())
        .filter(name -> !name.equals("accuracy"))
        .distinct()
        .toList();
  }

  private static String columns(Epoch epoch, String metric) {
    return ","
        + cell(Optional.of(epoch.training()), metric)
        + ","
        + cell(epoch.validation(), metric);
  }

  private static String cell(Optional<Metrics> metrics, String name) {
    return metrics.map(m -> m.values().get(name)).map(String::valueOf).orElse("");
  }
}
