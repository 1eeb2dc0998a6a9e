package dev.lamina.report;

import dev.lamina.io.AtomicFiles;
import dev.lamina.schedule.Schedule;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.LearningRateFinder.Curve;
import dev.lamina.train.LearningRateFinder.Point;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** What {@link Plots} writes; apart so that Plots loads without XChart. */
final class Charts {
  private static final int POINTS = 500;
  private static final Color TRAINING = new Color(0x1f77b4);
  private static final Color PALE = new Color(0xb8cfe6);
  private static final Color VALIDATION = new Color(0xd95f02);

  private Charts() {}

  static void writeHistory(History history, Path folder) {
    XYChart accuracy = chart("Accuracy", "epoch", "accuracy", LegendPosition.InsideSE);
    curve(accuracy, history, "training (augmented)", TRAINING, Epoch::accuracy);
    XYChart loss = chart("Loss", "epoch", "cross-entropy", LegendPosition.InsideNE);
    curve(loss, history, "training (augmented)", TRAINING, Epoch::loss);
    if (history.epochs().stream().allMatch(epoch -> epoch.validation().isPresent())) {
      curve(
          accuracy,
          history,
          "validation",
          VALIDATION,
          epoch -> epoch.validation().orElseThrow().accuracy());
      curve(
          loss,
          history,
          "validation",
          VALIDATION,
          epoch -> epoch.validation().orElseThrow().loss());
    }
    write(accuracy, folder.resolve("accuracy.png"));
    write(loss, folder.resolve("loss.png"));
  }

  static void writeSchedule(Schedule schedule, long steps, Path folder) {
    List<Double> x = new ArrayList<>();
    List<Double> rates = new ArrayList<>();
    long stride = Math.max(1, steps / POINTS);
    for (long step = 0; step < steps; step += stride) {
      x.add((double) step);
      rates.add(schedule.learningRate(step, steps));
    }
    XYChart chart = chart("Learning rate", "step", "learning rate", LegendPosition.InsideNE);
    chart.getStyler().setLegendVisible(false);
    line(chart, "learning rate", x, rates, TRAINING);
    write(chart, folder.resolve("learning_rate.png"));
  }

  static void writeLearningRates(Curve curve, Path file) {
    XYChart chart =
        chart("Learning-rate range test", "learning rate", "loss", LegendPosition.InsideNW);
    chart.getStyler().setXAxisLogarithmic(true);
    List<Double> rates = curve.points().stream().map(Point::learningRate).toList();
    List<Double> losses = curve.points().stream().map(Point::loss).toList();
    List<Double> smoothed = curve.points().stream().map(Point::smoothed).toList();
    line(chart, "loss of the step", rates, losses, PALE);
    line(chart, "smoothed", rates, smoothed, TRAINING);
    double suggestion = curve.suggestion();
    double low = Math.min(Collections.min(losses), Collections.min(smoothed));
    double high = Collections.max(smoothed);
    String name = String.format(Locale.ROOT, "suggestion: %.2g", suggestion);
    if (curve.hasSuggestion()) {
      line(chart, name, List.of(suggestion, suggestion), List.of(low, high), VALIDATION);
    }
    // The last steps are far above all others.
    chart.getStyler().setYAxisMin(0.9 * low);
    chart.getStyler().setYAxisMax(1.05 * Math.min(high, 2 * Collections.min(smoothed)));
    write(chart, file);
  }

  private static XYChart chart(String title, String x, String y, LegendPosition legend) {
    XYChart chart =
        new XYChartBuilder()
            .width(800)
            .height(500)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    chart
        .getStyler()
        .setLegendPosition(legend)
        .setChartBackgroundColor(Color.WHITE)
        .setLegendBorderColor(Color.LIGHT_GRAY);
    return chart;
  }

  private static void curve(
      XYChart chart, History history, String name, Color color, ToDoubleFunction<Epoch> value) {
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (Epoch epoch : history.epochs()) {
      x.add((double) epoch.number());
      y.add(value.applyAsDouble(epoch));
    }
    line(chart, name, x, y, color);
  }

  private static void line(
      XYChart chart, String name, List<Double> x, List<Double> y, Color color) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setMarker(x.size() > 30 ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE);
    series.setLineColor(color);
    series.setMarkerColor(color);
  }

  private static void write(XYChart chart, Path file) {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      BitmapEncoder.saveBitmap(chart, png, BitmapFormat.PNG);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    AtomicFiles.write(file, png.toByteArray());
  }
}
