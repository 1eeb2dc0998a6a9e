package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.math.LongMath;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.lamina.data.OneLine;
import dev.lamina.graph.Parameter;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.BundleEntryProto;
import org.tensorflow.proto.BundleHeaderProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorShapeProto;

/**
 * Reads weights that {@link TensorBundleWriter} wrote. Nothing in the files is trusted: TensorFlow,
 * which would end the process where they promise more than memory holds, never sees them. What the
 * index says is checked against the network and the file of data before memory is taken for it.
 *
 * <p>The index is a table of LevelDB, with a {@code BundleHeaderProto} under the empty key and a
 * {@code BundleEntryProto} for each tensor. Source: {@code tensorflow/core/util/tensor_bundle} and
 * {@code tensor_bundle.proto}.
 */
final class TensorBundleReader {
  /** Bytes. */
  private static final long LONGEST_INDEX = 64 << 20;

  /** Bytes. A message takes many times its length in memory. */
  private static final int LONGEST_ENTRY = 1024;

  /** Bytes that are read at once. */
  private static final int CHUNK = 1 << 16;

  private static final String HEADER = "";
  private static final int VERSION = 1;

  /**
   * Where a tensor lies in the file of data.
   *
   * @param at byte
   * @param floats its size
   * @param checksum of its bytes, masked
   */
  private record Place(String name, long at, int floats, int checksum) {
    long bytes() {
      return (long) floats * Float.BYTES;
    }
  }

  private interface Use<T> {
    T of(FileChannel channel) throws IOException;
  }

  private final Path index;
  private final Path data;

  /** A reader of the files whose names begin like that. */
  TensorBundleReader(Path prefix) {
    index = prefix.resolveSibling(prefix.getFileName() + ".index");
    data = prefix.resolveSibling(prefix.getFileName() + ".data-00000-of-00001");
  }

  /**
   * Reads the weights of a network.
   *
   * @param parameters by full name
   * @return the values of each, in row-major order, by full name
   * @throws FormatException where the files are missing, damaged, or of another network
   */
  Map<String, float[]> read(Map<String, Parameter> parameters) {
    if (parameters.isEmpty()) {
      return Map.of();
    }
    List<Place> places = use(index, channel -> places(channel, parameters));
    return use(data, channel -> values(channel, places));
  }

  private static <T> T use(Path file, Use<T> use) {
    try (FileChannel channel = FileChannel.open(file)) {
      return use.of(channel);
    } catch (IllegalArgumentException e) {
      throw new FormatException(file + ": " + OneLine.of(e.getMessage()) + SavedModelReader.AGAIN);
    } catch (NoSuchFileException e) {
      throw new FormatException(file + " is missing" + SavedModelReader.AGAIN);
    } catch (IOException e) {
      throw SavedModelReader.unreadable(file, e);
    }
  }

  /** In the order of the file. */
  private static List<Place> places(FileChannel channel, Map<String, Parameter> parameters)
      throws IOException {
    checkArgument(
        channel.size() <= LONGEST_INDEX,
        "it must have at most %s bytes, got %s",
        LONGEST_INDEX,
        channel.size());
    ByteBuffer table = ByteBuffer.allocate((int) channel.size());
    fill(channel, 0, table);
    List<String> keys = new ArrayList<>(List.of(HEADER));
    parameters.keySet().forEach(name -> keys.add(ObjectGraph.checkpointKey(name)));
    Map<String, ByteBuffer> found = SsTable.find(table.array(), keys);
    checkHeader(parse("header", found.get(HEADER), BundleHeaderProto.parser()));
    List<Place> places = new ArrayList<>();
    parameters.forEach(
        (name, parameter) -> {
          ByteBuffer entry = found.get(ObjectGraph.checkpointKey(name));
          places.add(place(name, parameter, parse(name, entry, BundleEntryProto.parser())));
        });
    places.sort(Comparator.comparingLong(Place::at));
    return places;
  }

  private static <T> T parse(String name, @Nullable ByteBuffer entry, Parser<T> parser) {
    checkArgument(entry != null, "it lacks %s", name);
    checkArgument(
        entry.remaining() <= LONGEST_ENTRY,
        "%s must be described in at most %s bytes, got %s",
        name,
        LONGEST_ENTRY,
        entry.remaining());
    try {
      return parser.parseFrom(entry);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("what it says of %s is damaged".formatted(name), e);
    }
  }

  private static void checkHeader(BundleHeaderProto header) {
    checkArgument(
        header.getVersion().getMinConsumer() <= VERSION,
        "version must be at most %s, got %s",
        VERSION,
        header.getVersion().getMinConsumer());
    checkArgument(
        header.getNumShards() == 1, "data must be in one file, got %s", header.getNumShards());
    checkArgument(
        header.getEndianness() == BundleHeaderProto.Endianness.LITTLE,
        "data must be in little endian, got %s",
        header.getEndianness());
  }

  private static Place place(String name, Parameter parameter, BundleEntryProto entry) {
    long[] shape = parameter.shape().asArray();
    long[] stored =
        entry.getShape().getDimList().stream().mapToLong(TensorShapeProto.Dim::getSize).toArray();
    checkArgument(
        entry.getDtype() == DataType.DT_FLOAT,
        "%s must be of DT_FLOAT, got %s",
        name,
        entry.getDtype());
    checkArgument(
        Arrays.equals(stored, shape),
        "%s must have shape %s, got %s",
        name,
        Arrays.toString(shape),
        Arrays.toString(stored));
    long floats = Arrays.stream(shape).reduce(1, LongMath::saturatedMultiply);
    checkArgument(
        floats <= SafetensorsReader.ARRAY_LIMIT,
        "%s must have at most %s values, got %s",
        name,
        SafetensorsReader.ARRAY_LIMIT,
        floats);
    Place place = new Place(name, entry.getOffset(), (int) floats, entry.getCrc32C());
    checkArgument(
        entry.getSize() == place.bytes(),
        "%s must take %s bytes, got %s",
        name,
        place.bytes(),
        entry.getSize());
    checkArgument(
        entry.getSlicesCount() == 0 && entry.getShardId() == 0 && place.at >= 0,
        "%s must lie in one piece, got %s slices, file %s and byte %s",
        name,
        entry.getSlicesCount(),
        entry.getShardId(),
        place.at);
    return place;
  }

  private static Map<String, float[]> values(FileChannel channel, List<Place> places)
      throws IOException {
    long end = 0;
    for (Place place : places) {
      checkArgument(
          place.at >= end, "%s begins before byte %s, where another ends", place.name, end);
      checkArgument(
          place.at <= channel.size() - place.bytes(),
          "it has %s bytes, too few for %s at byte %s",
          channel.size(),
          place.name,
          place.at);
      end = place.at + place.bytes();
    }
    Map<String, float[]> values = new LinkedHashMap<>();
    for (Place place : places) {
      values.put(place.name, values(channel, place));
    }
    return values;
  }

  private static float[] values(FileChannel channel, Place place) throws IOException {
    float[] values = new float[place.floats];
    CRC32C crc = new CRC32C();
    ByteBuffer chunk =
        ByteBuffer.allocate((int) Math.min(CHUNK, place.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer into = FloatBuffer.wrap(values);
    long at = place.at;
    while (into.hasRemaining()) {
      chunk.clear().limit((int) Math.min(CHUNK, (long) into.remaining() * Float.BYTES));
      fill(channel, at, chunk);
      at += chunk.limit();
      into.put(chunk.flip().asFloatBuffer());
      crc.update(chunk);
    }
    checkArgument(SsTable.masked(crc) == place.checksum, "the checksum of %s is wrong", place.name);
    return values;
  }

  /** Reads in pieces, as Java takes native memory for each. */
  private static void fill(FileChannel channel, long from, ByteBuffer into) throws IOException {
    int end = into.limit();
    while (into.position() < end) {
      into.limit(Math.min(end, into.position() + CHUNK));
      if (channel.read(into, from + into.position()) < 0) {
        throw new EOFException("it became shorter while it was read");
      }
    }
  }
}
