package dev.lamina.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lamina.benchmark.StepProfile.TimedOp;
import dev.lamina.io.AtomicFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes the timeline of a step for <a href="https://ui.perfetto.dev">Perfetto</a> or {@code
 * chrome://tracing}, in the <a
 * href="https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU">Trace
 * Event Format</a>.
 */
public final class ChromeTrace {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ChromeTrace() {}

  /**
   * A complete event, "X".
   *
   * @param name the operation
   * @param cat its type
   * @param ph "X"
   * @param ts the start in us
   * @param dur the duration in us
   * @param pid the device
   * @param tid the row in the timeline
   * @param args shapes and bytes of the outputs, the kind, the device's name, the kernel of a card
   */
  private record Event(
      String name,
      String cat,
      String ph,
      double ts,
      double dur,
      int pid,
      int tid,
      Map<String, Object> args) {}

  /** Writes the file, one event per operation, replacing an existing one atomically. */
  public static void write(StepProfile profile, Path file) {
    List<String> devices = profile.operations().stream().map(TimedOp::device).distinct().toList();
    List<Event> events = new ArrayList<>();
    for (TimedOp op : profile.operations()) {
      events.add(
          new Event(
              op.name(),
              op.type(),
              "X",
              op.start() / 1e3,
              op.nanos() / 1e3,
              devices.indexOf(op.device()),
              op.row(),
              Map.of(
                  "shapes", op.shapes(),
                  "bytes", op.bytes(),
                  "kind", op.kind().label(),
                  "device", op.device(),
                  "kernel", op.kernel())));
    }
    try {
      AtomicFiles.write(file, JSON.writeValueAsBytes(Map.of("traceEvents", events)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
