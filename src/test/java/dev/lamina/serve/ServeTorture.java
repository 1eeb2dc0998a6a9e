package dev.lamina.serve;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Sends valid and invalid requests in sequence to a server in another process, and monitors its
 * resident memory, file descriptors and threads. Linux only.
 */
final class ServeTorture {
  /** The fraction of the connections after which nothing may grow. */
  private static final double WARM_UP = 0.4;

  private record Sample(int descriptors, int threads, long resident) {}

  private ServeTorture() {}

  /** Arguments: the server's address, its process id, and the number of connections. */
  public static void main(String[] args) throws Exception {
    URI server = URI.create(args[0]);
    Path process = Path.of("/proc", args[1]);
    int connections = Integer.parseInt(args[2]);
    byte[][] requests = requests();
    int[] statuses = new int[600];
    List<Sample> samples = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      String status = ask(server, requests[i % requests.length], i % requests.length == 0);
      if (!status.isEmpty()) {
        statuses[Integer.parseInt(status)]++;
      }
      if (i % 100 == 99 && i >= WARM_UP * connections) {
        samples.add(sample(process));
      }
    }
    IntSummaryStatistics descriptors =
        samples.stream().mapToInt(Sample::descriptors).summaryStatistics();
    IntSummaryStatistics threads = samples.stream().mapToInt(Sample::threads).summaryStatistics();
    int tenth = Math.max(1, samples.size() / 5);
    double growth =
        resident(samples.subList(samples.size() - tenth, samples.size()))
                / resident(samples.subList(0, tenth))
            - 1;
    StringBuilder counts = new StringBuilder();
    for (int i = 0; i < statuses.length; i++) {
      if (statuses[i] > 0) {
        counts.append(" %s: %s".formatted(i, statuses[i]));
      }
    }
    System.out.printf(
        Locale.ROOT,
        "torture-serve: %,d connections; statuses%s; after warm-up: resident memory %+.2f %%, file"
            + " descriptors %s to %s, threads %s to %s%n",
        connections,
        counts,
        100 * growth,
        descriptors.getMin(),
        descriptors.getMax(),
        threads.getMin(),
        threads.getMax());
    boolean flat =
        growth < 0.05
            && descriptors.getMax() - descriptors.getMin() <= 8
            && threads.getMax() - threads.getMin() <= 8
            && statuses[500] == 0
            && statuses[200] > 0;
    if (!flat) {
      System.out.println("torture-serve: FAILED");
    }
    System.exit(flat ? 0 : 1);
  }

  private static double resident(List<Sample> samples) {
    return samples.stream().mapToLong(Sample::resident).average().orElseThrow();
  }

  /** A valid predict request, and invalid ones. */
  private static byte[][] requests() {
    String image = Arrays.deepToString(new int[32][32][3]);
    String post = "POST /v1/models/lamina:predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    return new byte[][] {
      post(post, "{\"instances\": [" + image + "]}"),
      post(post, "{\"instances\": [[[300]]]}"),
      post(post, "[".repeat(2000)),
      bytes(post + "Content-Length: 1000\r\n\r\n{}"),
      bytes(post + "Content-Length: 99999999999\r\n\r\n"),
      bytes("nonsense\r\n\r\n"),
      bytes("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
      bytes("GET / HTTP/1.1\r\nHost:"),
      bytes(""),
      post(post, new String(TinyExport.bomb(60_000), StandardCharsets.ISO_8859_1)),
    };
  }

  private static byte[] post(String head, String body) {
    return (head + "Content-Length: %s\r\n\r\n".formatted(body.length()) + body)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * Opens one connection and returns the status of the response, empty if there is none.
   *
   * @throws IllegalStateException if a valid request fails
   */
  private static String ask(URI server, byte[] request, boolean good) throws IOException {
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      socket.setSoTimeout(600_000);
      OutputStream out = socket.getOutputStream();
      out.write(request);
      socket.shutdownOutput();
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (good && !answer.startsWith("HTTP/1.1 200 ")) {
        throw new IllegalStateException("a good request was answered " + answer);
      }
      return answer.isEmpty() ? "" : answer.substring(9, 12);
    }
  }

  private static Sample sample(Path process) {
    try (Stream<Path> descriptors = Files.list(process.resolve("fd"))) {
      return new Sample(
          (int) descriptors.count(), number(process, "Threads:"), number(process, "VmRSS:"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int number(Path process, String name) throws IOException {
    return Files.readAllLines(process.resolve("status")).stream()
        .filter(line -> line.startsWith(name))
        .mapToInt(line -> Integer.parseInt(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
