package dev.lamina.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import com.google.protobuf.Value;
import java.util.Map;
import org.tensorflow.proto.HistogramProto;
import org.tensorflow.proto.Summary;
import org.tensorflow.proto.SummaryMetadata;

/** What TensorBoard shows, as values of a summary. */
final class Summaries {
  private static final int BINS = 30;

  private Summaries() {}

  static Summary.Value scalar(String tag, double value) {
    return Summary.Value.newBuilder().setTag(tag).setSimpleValue((float) value).build();
  }

  /**
   * Returns the distribution of values: 30 bins of equal width from the smallest to the largest.
   * Values that are not finite are left out.
   */
  static Summary.Value histogram(String tag, float[] values) {
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (float value : values) {
      if (Float.isFinite(value)) {
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
    HistogramProto.Builder histogram = HistogramProto.newBuilder();
    if (min <= max) {
      fill(histogram, values, min, max);
    }
    return Summary.Value.newBuilder().setTag(tag).setHisto(histogram).build();
  }

  private static void fill(
      HistogramProto.Builder histogram, float[] values, double min, double max) {
    // TensorBoard draws further bins of equal values, such as gradients of 0, as a range far beyond
    // them.
    int bins = max > min ? BINS : 1;
    double width = max > min ? (max - min) / bins : 1;
    double[] counts = new double[bins];
    double number = 0;
    double sum = 0;
    double squares = 0;
    for (float value : values) {
      if (Float.isFinite(value)) {
        counts[Math.min(bins - 1, (int) ((value - min) / width))]++;
        number++;
        sum += value;
        squares += (double) value * value;
      }
    }
    histogram.setMin(min).setMax(max).setNum(number).setSum(sum).setSumSquares(squares);
    for (int bin = 0; bin < bins; bin++) {
      double limit = bin == bins - 1 ? max : min + (bin + 1) * width;
      histogram.addBucketLimit(limit).addBucket(counts[bin]);
    }
  }

  /**
   * Returns a picture.
   *
   * @param png a PNG file
   */
  static Summary.Value image(String tag, int width, int height, byte[] png) {
    return Summary.Value.newBuilder()
        .setTag(tag)
        .setImage(
            Summary.Image.newBuilder()
                .setWidth(width)
                .setHeight(height)
                .setColorspace(3)
                .setEncodedImageString(ByteString.copyFrom(png)))
        .build();
  }

  /**
   * Returns the hyper-parameters of a run: the {@code session_start_info} of the plugin's {@code
   * HParamsPluginData}, whose classes TensorFlow does not have.
   *
   * @param values numbers, booleans and text by name
   */
  static Summary.Value hyperParameters(Map<String, JsonNode> values) {
    UnknownFieldSet.Builder start = UnknownFieldSet.newBuilder();
    Field.Builder entries = Field.newBuilder();
    values.forEach(
        (name, value) ->
            entries.addLengthDelimited(
                bytes(
                    UnknownFieldSet.newBuilder()
                        .addField(1, text(name))
                        .addField(2, field(value(value).toByteString())))));
    start.addField(1, entries.build());
    UnknownFieldSet plugin = UnknownFieldSet.newBuilder().addField(3, field(bytes(start))).build();
    return Summary.Value.newBuilder()
        .setTag("_hparams_/session_start_info")
        .setMetadata(
            SummaryMetadata.newBuilder()
                .setPluginData(
                    SummaryMetadata.PluginData.newBuilder()
                        .setPluginName("hparams")
                        .setContent(plugin.toByteString())))
        .build();
  }

  private static Value value(JsonNode json) {
    Value.Builder value = Value.newBuilder();
    if (json.isNumber()) {
      return value.setNumberValue(json.doubleValue()).build();
    }
    return (json.isBoolean()
            ? value.setBoolValue(json.booleanValue())
            : value.setStringValue(json.isContainerNode() ? json.toString() : json.asText()))
        .build();
  }

  private static ByteString bytes(UnknownFieldSet.Builder message) {
    return message.build().toByteString();
  }

  private static Field text(String text) {
    return field(ByteString.copyFromUtf8(text));
  }

  private static Field field(ByteString bytes) {
    return Field.newBuilder().addLengthDelimited(bytes).build();
  }
}
