package dev.lamina.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Sequential;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.BundleEntryProto;
import org.tensorflow.proto.BundleHeaderProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto.Dim;
import org.tensorflow.proto.TensorSliceProto;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;

/** Reads what TensorFlow's own SaveV2 wrote, whole and damaged. */
class TensorBundleReaderTest {
  private static final Shape IMAGE = Shape.of(6, 5, 3);

  /** The first weights take more than is read at once. */
  private static final Sequential BODY =
      Sequential.of(Conv2d.of(700, 3), BatchNorm.create(), GlobalAveragePool.create(), Dense.of(2));

  private static final String KEY = ObjectGraph.checkpointKey("0.bias");

  @TempDir private Path folder;
  private Path index = Path.of("");
  private Path data = Path.of("");
  private Map<String, float[]> weights = Map.of();

  @BeforeEach
  void write() {
    index = folder.resolve("some.index");
    data = folder.resolve("some.data-00000-of-00001");
    weights = write(BODY);
  }

  private Map<String, float[]> write(Sequential body) {
    Map<String, float[]> values = new LinkedHashMap<>();
    Random random = new Random(1);
    Layers.parameters(body, IMAGE)
        .forEach(
            (name, parameter) -> {
              float[] some = new float[(int) parameter.size()];
              for (int i = 0; i < some.length; i++) {
                some[i] = (float) random.nextGaussian();
              }
              values.put(name, some);
            });
    TensorBundleWriter.write(
        folder.resolve("some"),
        new Servable("Net", 6, 5, 3, body, values, List.of("a", "b"), Map.of()),
        TrackableObjectGraph.getDefaultInstance());
    return values;
  }

  private Map<String, float[]> read(Layer body) {
    return new TensorBundleReader(folder.resolve("some")).read(Layers.parameters(body, IMAGE));
  }

  private void refused(String message) {
    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(() -> read(BODY))
        .withMessage(message + "; export the model again");
  }

  @Test
  void read_whatTensorFlowWrote() {
    assertThat(read(BODY)).containsExactlyInAnyOrderEntriesOf(weights);
    assertThat(weights.get("0.weight")).hasSizeGreaterThan(1 << 14);
  }

  /** TensorFlow begins another block after 256 KiB. */
  @Test
  void read_anIndexOfSeveralBlocks() throws IOException {
    Sequential body = Sequential.of();
    for (int i = 0; i < 100; i++) {
      body = body.then(i + "x".repeat(10_000), BatchNorm.create());
    }
    body = body.then(GlobalAveragePool.create()).then(Dense.of(2));
    Map<String, float[]> written = write(body);
    assertThat(Files.size(index)).isGreaterThan(3 << 18);
    assertThat(read(body)).containsExactlyInAnyOrderEntriesOf(written);
  }

  @Test
  void read_noWeightsNeedNoFiles() throws IOException {
    Files.delete(index);
    Files.delete(data);
    assertThat(read(GlobalAveragePool.create())).isEmpty();
    refused(index + " is missing");
  }

  @Test
  void read_noFiles() throws IOException {
    Files.delete(data);
    refused(data + " is missing");
    Files.delete(index);
    Files.createDirectory(index);
    assertThatExceptionOfType(FormatException.class)
        .isThrownBy(() -> read(BODY))
        .withMessageStartingWith(index + " cannot be read (")
        .withMessageEndingWith("); check its permissions");
  }

  @Test
  void read_damagedData() throws IOException {
    byte[] whole = Files.readAllBytes(data);
    byte[] flipped = whole.clone();
    flipped[(int) entry("1.running_var").getOffset()] ^= 1;
    Files.write(data, flipped);
    refused(data + ": the checksum of 1.running_var is wrong");

    long at = entry("3.weight").getOffset();
    Files.write(data, Arrays.copyOf(whole, (int) at + 700 * 2 * 4 - 1));
    refused("%s: it has %s bytes, too few for 3.weight at byte %s".formatted(data, at + 5599, at));
  }

  @Test
  void read_damagedIndex() throws IOException {
    byte[] whole = Files.readAllBytes(index);
    for (int i = 0; i < whole.length; i++) {
      byte[] flipped = whole.clone();
      flipped[i] ^= 0x20;
      Files.write(index, flipped);
      assertThatExceptionOfType(FormatException.class)
          .isThrownBy(() -> read(BODY))
          .withMessageStartingWith(index + ": ")
          .withMessageEndingWith("; export the model again");
    }
    Files.write(index, Arrays.copyOf(whole, whole.length - 1));
    refused(index + ": it is cut, or no table of LevelDB");
    whole[whole.length - 1] ^= 1;
    Files.write(index, whole);
    refused(index + ": it is cut, or no table of LevelDB");
  }

  @Test
  void read_anIndexTooLong() throws IOException {
    try (var file = new RandomAccessFile(index.toFile(), "rw")) {
      file.setLength((64 << 20) + 1);
    }
    refused(index + ": it must have at most 67108864 bytes, got 67108865");
  }

  /** What the index holds: messages by key. */
  private Map<String, byte[]> entries() throws IOException {
    Map<String, byte[]> entries = new TreeMap<>();
    List<String> keys =
        new ArrayList<>(weights.keySet().stream().map(ObjectGraph::checkpointKey).toList());
    keys.add("");
    SsTable.find(Files.readAllBytes(index), keys)
        .forEach(
            (key, value) -> {
              byte[] bytes = new byte[value.remaining()];
              value.get(bytes);
              entries.put(key, bytes);
            });
    return entries;
  }

  private BundleEntryProto entry(String name) throws IOException {
    return BundleEntryProto.parseFrom(
        Objects.requireNonNull(entries().get(ObjectGraph.checkpointKey(name))));
  }

  /** Reads with a changed index, whose checksums are right, and puts the old one back. */
  private void changed(Consumer<Map<String, byte[]>> change, String problem) throws IOException {
    byte[] whole = Files.readAllBytes(index);
    Map<String, byte[]> entries = entries();
    change.accept(entries);
    Files.write(index, Tables.of(List.of(entries)));
    refused(index + ": " + problem);
    Files.write(index, whole);
  }

  /** As above, with a changed entry of the bias, which has 700 values. */
  private void bias(Consumer<BundleEntryProto.Builder> change, String problem) throws IOException {
    BundleEntryProto.Builder entry = entry("0.bias").toBuilder();
    change.accept(entry);
    changed(entries -> entries.put(KEY, entry.build().toByteArray()), problem);
  }

  private void header(Consumer<BundleHeaderProto.Builder> change, String problem)
      throws IOException {
    BundleHeaderProto.Builder header =
        BundleHeaderProto.parseFrom(Objects.requireNonNull(entries().get(""))).toBuilder();
    change.accept(header);
    changed(entries -> entries.put("", header.build().toByteArray()), problem);
  }

  @Test
  void header() throws IOException {
    changed(entries -> entries.remove(""), "it lacks header");
    header(header -> header.setNumShards(2), "data must be in one file, got 2");
    header(header -> header.setNumShards(-1), "data must be in one file, got -1");
    header(
        header -> header.setEndianness(BundleHeaderProto.Endianness.BIG),
        "data must be in little endian, got BIG");
    header(
        header -> header.setEndiannessValue(9), "data must be in little endian, got UNRECOGNIZED");
    header(
        header -> header.getVersionBuilder().setMinConsumer(2), "version must be at most 1, got 2");
  }

  @Test
  void entry_thatIsMissingOrDamaged() throws IOException {
    changed(entries -> entries.remove(KEY), "it lacks 0.bias");
    changed(
        entries -> entries.put(KEY, new byte[] {0x12, 0x7f}), "what it says of 0.bias is damaged");
    changed(
        entries -> entries.put(KEY, new byte[] {0x12, 5, 0x12, 3, 0x12, 1, (byte) 0xff}),
        "what it says of 0.bias is damaged");
    changed(
        entries -> entries.put(KEY, new byte[1025]),
        "0.bias must be described in at most 1024 bytes, got 1025");
  }

  @Test
  void entry_thatDoesNotFitTheNetwork() throws IOException {
    bias(entry -> entry.setDtype(DataType.DT_HALF), "0.bias must be of DT_FLOAT, got DT_HALF");
    bias(entry -> entry.setDtypeValue(999), "0.bias must be of DT_FLOAT, got UNRECOGNIZED");
    bias(entry -> entry.clearShape(), "0.bias must have shape [700], got []");
    bias(
        entry -> entry.getShapeBuilder().setDim(0, Dim.newBuilder().setSize(-1)),
        "0.bias must have shape [700], got [-1]");
    bias(
        entry -> entry.getShapeBuilder().addDim(Dim.newBuilder().setSize(1)),
        "0.bias must have shape [700], got [700, 1]");
    for (long size : new long[] {0, -1, 2799, 2801, 1L << 60, Long.MAX_VALUE, Long.MIN_VALUE}) {
      bias(entry -> entry.setSize(size), "0.bias must take 2800 bytes, got " + size);
    }
  }

  @Test
  void entry_thatIsElsewhere() throws IOException {
    long at = entry("0.bias").getOffset();
    String place = "0.bias must lie in one piece, got %s slices, file %s and byte %s";
    bias(
        entry -> entry.addSlices(TensorSliceProto.getDefaultInstance()), place.formatted(1, 0, at));
    bias(entry -> entry.setShardId(1), place.formatted(0, 1, at));
    bias(entry -> entry.setOffset(-1), place.formatted(0, 0, -1));
  }

  private void biasAt(long at, String message) throws IOException {
    Map<String, byte[]> entries = entries();
    entries.put(KEY, entry("0.bias").toBuilder().setOffset(at).build().toByteArray());
    Files.write(index, Tables.of(List.of(entries)));
    refused(data + ": " + message);
  }

  @Test
  void entry_behindTheEnd() throws IOException {
    long size = Files.size(data);
    for (long at : new long[] {size - 1, 1L << 60, Long.MAX_VALUE}) {
      biasAt(at, "it has %s bytes, too few for 0.bias at byte %s".formatted(size, at));
    }
  }

  /** Else a small file could fill any memory. */
  @Test
  void entry_overAnother() throws IOException {
    long at = entry("0.weight").getOffset();
    biasAt(at + 4, "0.bias begins before byte %s, where another ends".formatted(at + 75_600));
  }

  /** More than an array holds, and more than a number holds. */
  @Test
  void network_tooLarge() throws IOException {
    for (Shape shape : List.of(Shape.of(1L << 31), Shape.of(1L << 32, 1L << 32))) {
      BundleEntryProto.Builder entry = entry("0.bias").toBuilder();
      entry.setShape(Protos.shape(shape)).setSize(shape.size() * 4);
      Map<String, byte[]> entries = entries();
      entries.put(KEY, entry.build().toByteArray());
      Files.write(index, Tables.of(List.of(entries)));
      Parameter parameter = Parameter.of("bias", shape, Role.BIAS, Initializer.zeros());
      assertThatExceptionOfType(FormatException.class)
          .isThrownBy(
              () ->
                  new TensorBundleReader(folder.resolve("some")).read(Map.of("0.bias", parameter)))
          .withMessageStartingWith(index + ": 0.bias must have at most 2147483639 values, got ");
      write();
    }
  }
}
