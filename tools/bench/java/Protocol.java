import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The worker's side of the conversation with the driver; README.md describes it. */
final class Protocol {
  /** What a worker does over and over. */
  interface Step {
    /** Takes one step and comes back when it is done. */
    void run() throws Exception;
  }

  private Protocol() {}

  /** The arguments, each NAME=VALUE. */
  static Map<String, String> arguments(String[] args) {
    Map<String, String> arguments = new HashMap<>();
    for (String arg : args) {
      String[] parts = arg.split("=", 2);
      arguments.put(parts[0], parts[1]);
    }
    return arguments;
  }

  /** Tells the driver something; values are numbers or JSON. */
  static void send(String event, Map<String, ?> fields) {
    String rest =
        fields.entrySet().stream()
            .map(field -> ",\"" + field.getKey() + "\":" + field.getValue())
            .collect(Collectors.joining());
    System.out.println("{\"event\":\"" + event + "\"" + rest + "}");
    System.out.flush();
  }

  /** A JSON object of strings. */
  static String object(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(field -> "\"" + field.getKey() + "\":\"" + field.getValue() + "\"")
        .collect(Collectors.joining(",", "{", "}"));
  }

  /** Warms up after the first step, and runs the rounds that the driver asks for. */
  static void serve(Step step, double warm, Map<String, ?> metadata) throws Exception {
    double seconds = 0;
    for (double spent = 0; spent < warm; spent += seconds) {
      seconds = timed(step, 1);
    }
    Map<String, Object> ready = new LinkedHashMap<>(metadata);
    ready.put("seconds", seconds);
    send("ready", ready);
    BufferedReader in = commands();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      send("round", Map.of("seconds", timed(step, Integer.parseInt(line.strip()))));
    }
  }

  /** What the driver asks for, a line each. */
  static BufferedReader commands() throws IOException {
    return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  }

  static double timed(Step step, int count) throws Exception {
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      step.run();
    }
    return (System.nanoTime() - start) / 1e9;
  }
}
