package dev.lamina.report;

import dev.lamina.io.AtomicFiles;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.SessionLog;
import org.tensorflow.proto.Summary;

/**
 * A file of events for TensorBoard: records of length (8 bytes), its checksum (4), an {@link Event}
 * and its checksum (4), all little-endian. A checksum is a masked CRC-32C, as TensorFlow's {@code
 * core/lib/io/record_writer.h} describes it.
 */
final class EventFile implements AutoCloseable {
  private static final String VERSION = "brain.Event:2";

  private final Path file;
  private final OutputStream out;

  /**
   * Creates a file that is sorted after the others in its folder.
   *
   * @param purge events of earlier files from this step on are dropped by TensorBoard; empty for
   *     none
   */
  EventFile(Path folder, OptionalLong purge) {
    try {
      AtomicFiles.createFolder(folder);
      file = folder.resolve(name(folder));
      out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW));
    } catch (IOException e) {
      throw new UncheckedIOException(folder + " could not be written (" + e + ")", e);
    }
    write(event(purge.orElse(0)).setFileVersion(VERSION));
    purge.ifPresent(
        step ->
            write(
                event(step)
                    .setSessionLog(
                        SessionLog.newBuilder().setStatus(SessionLog.SessionStatus.START))));
  }

  /** TensorBoard reads the files of a folder in the order of their names. */
  private static String name(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return String.format(
          Locale.ROOT,
          "events.out.tfevents.%010d.lamina.%04d",
          System.currentTimeMillis() / 1000,
          files.count());
    }
  }

  private static Event.Builder event(long step) {
    return Event.newBuilder().setWallTime(System.currentTimeMillis() / 1e3).setStep(step);
  }

  /** Appends values of a step. */
  void add(long step, List<Summary.Value> values) {
    write(event(step).setSummary(Summary.newBuilder().addAllValue(values)));
  }

  private void write(Event.Builder event) {
    byte[] data = event.build().toByteArray();
    byte[] length = littleEndian(Long.BYTES).putLong(data.length).array();
    try {
      out.write(length);
      out.write(checksum(length));
      out.write(data);
      out.write(checksum(data));
    } catch (IOException e) {
      throw unwritten(e);
    }
  }

  private static byte[] checksum(byte[] data) {
    CRC32C crc = new CRC32C();
    crc.update(data);
    int value = (int) crc.getValue();
    return littleEndian(Integer.BYTES).putInt(Integer.rotateRight(value, 15) + 0xa282ead8).array();
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw unwritten(e);
    }
  }

  private UncheckedIOException unwritten(IOException e) {
    return new UncheckedIOException(file + " could not be written (" + e + ")", e);
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw unwritten(e);
    }
  }
}
