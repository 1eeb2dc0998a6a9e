package dev.lamina.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lamina.benchmark.StepProfile.Kind;
import dev.lamina.benchmark.StepProfile.TimedOp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChromeTraceTest {
  @TempDir Path folder;

  @Test
  void events_oneForEachOperation() throws IOException {
    Path file = folder.resolve("new/trace.json");
    ChromeTrace.write(
        new StepProfile(
            List.of(
                new TimedOp(
                    "a/\"b\"", "Relu", Kind.ACTIVATION, "cpu", 1, 1500, 250, "[2,3]", 24, ""),
                new TimedOp("c", "Gather", Kind.INPUT, "gpu", 0, 2000, 0, "", 0, "gather<half>"))),
        file);
    String expected =
        """
        {"traceEvents": [
          {"name": "a/\\"b\\"", "cat": "Relu", "ph": "X", "ts": 1.5, "dur": 0.25, "pid": 0, "tid": 1,
           "args": {"shapes": "[2,3]", "bytes": 24, "kind": "activation", "device": "cpu", "kernel": ""}},
          {"name": "c", "cat": "Gather", "ph": "X", "ts": 2.0, "dur": 0.0, "pid": 1, "tid": 0,
           "args": {"shapes": "", "bytes": 0, "kind": "input pipeline", "device": "gpu", "kernel": "gather<half>"}}]}
        """;
    ObjectMapper json = new ObjectMapper();
    JsonNode written = json.readTree(file.toFile());
    assertThat(written).isEqualTo(json.readTree(expected));
  }
}
