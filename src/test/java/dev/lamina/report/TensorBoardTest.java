package dev.lamina.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Bytes;
import com.google.protobuf.ByteString;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.network.Network;
import dev.lamina.schedule.Constant;
import dev.lamina.train.Callback;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.LambdaCallback;
import dev.lamina.train.Throughput;
import dev.lamina.train.Trainer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.HistogramProto;
import org.tensorflow.proto.SessionLog.SessionStatus;
import org.tensorflow.proto.Summary;

/** The event files of runs, read back. The real TensorBoard reads them in tools/tensorboard. */
class TensorBoardTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 5).toArray());

  @TempDir private Path folder;

  private History train(Callback... callbacks) {
    try (Model model =
        Model.of(Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10)))) {
      return Trainer.builder()
          .schedule(Constant.of(0.25))
          .augment(RandomFlip.horizontal())
          .epochs(2)
          .batchSize(2)
          .seed(77)
          .callbacks(callbacks)
          .build()
          .resume(folder, model, IMAGES, IMAGES);
    }
  }

  /** Reads the records of a file, and checks their checksums. */
  private static List<Event> read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] length = new byte[8];
      bytes.get(length);
      assertThat(bytes.getInt()).isEqualTo(checksum(length));
      byte[] data =
          new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      bytes.get(data);
      assertThat(bytes.getInt()).isEqualTo(checksum(data));
      events.add(Event.parseFrom(data));
    }
    return events;
  }

  /** CRC-32C bit by bit, with the polynomial of RFC 3720 turned around, then masked. */
  private static int checksum(byte[] data) {
    int crc = ~0;
    for (byte value : data) {
      crc ^= value & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc >>> 1) ^ ((crc & 1) * 0x82f63b78);
      }
    }
    crc = ~crc;
    return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("tensorboard"))) {
      return files.sorted().toList();
    }
  }

  private static Map<String, Summary.Value> values(List<Event> events, long step) {
    Map<String, Summary.Value> values = new LinkedHashMap<>();
    for (Event event : events) {
      if (event.getStep() == step) {
        event.getSummary().getValueList().forEach(value -> values.put(value.getTag(), value));
      }
    }
    return values;
  }

  private static Summary.Value value(Map<String, Summary.Value> values, String tag) {
    return Objects.requireNonNull(values.get(tag), tag);
  }

  @Test
  void run_isInTheFile() throws IOException {
    Weights[] weights = new Weights[1];
    List<Map<String, float[]>> gradients = new ArrayList<>();
    Callback recorder =
        LambdaCallback.create()
            .onEpoch(
                (epoch, run) -> {
                  weights[0] = run.weights();
                  gradients.add(run.gradients());
                });
    TensorBoard board = TensorBoard.in(folder.resolve("tensorboard"));
    Epoch last = train(Throughput.create(), board, recorder).last();
    assertThat(files()).hasSize(1);
    assertThat(files().get(0).getFileName().toString()).startsWith("events.out.tfevents.");
    List<Event> events = read(files().get(0));
    assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
    assertThat(events).noneMatch(Event::hasSessionLog);
    // Three steps an epoch; learning rates of all.
    for (long step = 1; step <= 6; step++) {
      assertThat(value(values(events, step), "learning_rate").getSimpleValue()).isEqualTo(0.25f);
    }
    Map<String, Summary.Value> values = values(events, 6);
    assertThat(value(values, "loss/training").getSimpleValue()).isEqualTo((float) last.loss());
    assertThat(value(values, "accuracy/training").getSimpleValue())
        .isEqualTo((float) last.accuracy());
    assertThat(value(values, "loss/validation").getSimpleValue())
        .isEqualTo((float) last.validation().orElseThrow().loss());
    assertThat(value(values, "images_per_second").getSimpleValue())
        .isEqualTo((float) (5 / last.seconds()));
    assertThat(value(values, "memory/heap_bytes").getSimpleValue()).isGreaterThan(1e6f);
    assertThat(values).containsKeys("momentum", "accuracy/validation", "confusion_matrix");
    assertHistogram(value(values, "weights/1.weight").getHisto(), weights[0].get("1.weight"));
    assertHistogram(
        value(values, "gradients/1.bias").getHisto(),
        Objects.requireNonNull(gradients.get(1).get("1.bias")));
    assertPicture(value(values, "confusion_matrix").getImage());
    assertPicture(value(values(events, 0), "augmented_samples").getImage());
  }

  /** Further bins would be drawn as a range that no value is in. */
  @Test
  void histogramOfEqualValues_isOneBin() {
    HistogramProto histogram = Summaries.histogram("x", new float[] {2, 2, 2}).getHisto();
    assertThat(histogram.getBucketList()).containsExactly(3.0);
    assertThat(histogram.getBucketLimitList()).containsExactly(2.0);
  }

  private static void assertHistogram(HistogramProto histogram, float[] values) {
    double[] sorted =
        IntStream.range(0, values.length).mapToDouble(i -> values[i]).sorted().toArray();
    assertThat(histogram.getMin()).isEqualTo(sorted[0]);
    assertThat(histogram.getMax()).isEqualTo(sorted[sorted.length - 1]);
    assertThat(histogram.getNum()).isEqualTo(values.length);
    double below = 0;
    for (int bin = 0; bin < histogram.getBucketCount() - 1; bin++) {
      double limit = histogram.getBucketLimit(bin);
      below += histogram.getBucket(bin);
      // A value on a limit may be rounded to either side.
      assertThat(below)
          .isBetween(
              (double)
                  IntStream.range(0, sorted.length).filter(i -> sorted[i] < limit - 1e-9).count(),
              (double)
                  IntStream.range(0, sorted.length).filter(i -> sorted[i] < limit + 1e-9).count());
    }
    assertThat(histogram.getBucket(0)).isPositive();
    assertThat(below).isLessThan(values.length);
  }

  private static void assertPicture(Summary.Image image) throws IOException {
    var picture =
        ImageIO.read(new ByteArrayInputStream(image.getEncodedImageString().toByteArray()));
    assertThat(picture.getWidth()).isEqualTo(image.getWidth()).isGreaterThan(100);
    assertThat(picture.getHeight()).isEqualTo(image.getHeight()).isGreaterThan(50);
  }

  @Test
  void resumedRun_writesANewFile_thatReplacesWhatWasAfterTheCheckpoint() throws IOException {
    TensorBoard board = TensorBoard.in(folder.resolve("tensorboard"));
    Callback stop =
        LambdaCallback.create()
            .onStep(
                (event, run) -> {
                  if (event.step() == 3) {
                    run.stop();
                  }
                });
    train(board, stop, Checkpoints.in(folder));
    train(board, Checkpoints.in(folder));
    assertThat(files()).hasSize(2);
    List<Event> before = read(files().get(0));
    assertThat(values(before, 4)).containsOnlyKeys("learning_rate", "momentum");
    List<Event> after = read(files().get(1));
    assertThat(after.get(1).getSessionLog().getStatus()).isEqualTo(SessionStatus.START);
    assertThat(after.get(1).getStep()).isEqualTo(5);
    assertThat(values(after, 5)).containsOnlyKeys("learning_rate", "momentum");
    assertThat(values(after, 6)).containsKeys("learning_rate", "loss/training");
  }

  /** Fields 3 (session_start_info), 1 (hparams), 1 (key), 2 (google.protobuf.Value). */
  @Test
  void recipe_isInTheHyperParameters() throws IOException {
    train(TensorBoard.in(folder.resolve("tensorboard")));
    Summary.Value value = value(values(read(files().get(0)), 0), "_hparams_/session_start_info");
    assertThat(value.getMetadata().getPluginData().getPluginName()).isEqualTo("hparams");
    ByteString content = value.getMetadata().getPluginData().getContent();
    ByteString seed =
        ByteString.copyFromUtf8("seed")
            .concat(ByteString.copyFrom(new byte[] {0x12, 9, 0x11}))
            .concat(
                ByteString.copyFrom(
                    ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(77).array()));
    assertThat(indexOf(content.toByteArray(), seed.toByteArray())).isPositive();
    assertThat(content.toStringUtf8()).contains("schedule.kind", "Constant", "RandomFlip");
    assertThat(content.byteAt(0)).isEqualTo((byte) (3 << 3 | 2));
  }

  private static int indexOf(byte[] all, byte[] part) {
    return Collections.indexOfSubList(Bytes.asList(all), Bytes.asList(part));
  }
}
