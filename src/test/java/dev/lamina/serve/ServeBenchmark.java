package dev.lamina.serve;

import dev.lamina.data.ImageSet;
import dev.lamina.model.Model;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * The throughput and latency of a server compared with the model alone: closed-loop clients with
 * one connection each, which send one image per request.
 */
final class ServeBenchmark {
  private static final int[] CLIENTS = {1, 8, 64};

  private final URI server;
  private final byte[] request;

  private ServeBenchmark(URI server, byte[] request) {
    this.server = server;
    this.request = request;
  }

  /** Arguments: the server's address, the export that it serves, and the seconds for each row. */
  public static void main(String[] args) throws Exception {
    URI server = URI.create(args[0]);
    double seconds = Double.parseDouble(args[2]);
    System.out.println("| what | images/s | p50 (ms) | p99 (ms) | images in a batch |");
    System.out.println("|---|---|---|---|---|");
    byte[] body;
    try (Model model = Model.load(Path.of(args[1]))) {
      for (int batch : new int[] {1, 8, 32}) {
        bare(model, batch, seconds);
      }
      body = body(model);
    }
    byte[] head =
        "POST /v1/models/lamina:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n"
            .formatted(body.length)
            .getBytes(StandardCharsets.US_ASCII);
    byte[] request = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, request, head.length, body.length);
    ServeBenchmark benchmark = new ServeBenchmark(server, request);
    for (int clients : CLIENTS) {
      benchmark.run(clients, seconds / 3);
      benchmark.report(clients, seconds);
    }
  }

  private static byte[] image(Model model) {
    byte[] pixels = new byte[Math.toIntExact(model.network().inputShape().size())];
    new Random(1).nextBytes(pixels);
    return pixels;
  }

  private static void bare(Model model, int batch, double seconds) {
    byte[] image = image(model);
    byte[] pixels = new byte[batch * image.length];
    IntStream.range(0, batch)
        .forEach(i -> System.arraycopy(image, 0, pixels, i * image.length, image.length));
    ImageSet images =
        ImageSet.of(
            model.network().height(),
            model.network().width(),
            model.network().channels(),
            pixels,
            new int[batch],
            model.classNames());
    List<Long> times = new ArrayList<>();
    for (int round = 0; round < 2; round++) {
      // The first round warms up.
      times.clear();
      long end = System.nanoTime() + (long) (seconds * 1e9 / (2 - round));
      while (System.nanoTime() < end) {
        long begin = System.nanoTime();
        model.logits(images);
        times.add(System.nanoTime() - begin);
      }
    }
    double sum = times.stream().mapToLong(Long::longValue).sum() / 1e9;
    print("the model alone, batches of " + batch, batch * times.size() / sum, times, batch);
  }

  private static byte[] body(Model model) {
    byte[] image = image(model);
    int[][][] pixels =
        new int[model.network().height()][model.network().width()][model.network().channels()];
    int at = 0;
    for (int[][] row : pixels) {
      for (int[] pixel : row) {
        for (int c = 0; c < pixel.length; c++) {
          pixel[c] = image[at++] & 0xff;
        }
      }
    }
    return ("{\"instances\": [" + Arrays.deepToString(pixels) + "]}")
        .getBytes(StandardCharsets.US_ASCII);
  }

  private void report(int clients, double seconds) throws IOException, ExecutionException {
    double batches = metric("count");
    double images = metric("sum");
    long begin = System.nanoTime();
    List<Long> times = run(clients, seconds);
    double elapsed = (System.nanoTime() - begin) / 1e9;
    print(
        clients + (clients == 1 ? " client" : " clients"),
        times.size() / elapsed,
        times,
        (metric("sum") - images) / (metric("count") - batches));
  }

  private static void print(String what, double rate, List<Long> times, double batch) {
    List<Long> sorted = times.stream().sorted().toList();
    System.out.printf(
        Locale.ROOT,
        "| %s | %.0f | %.1f | %.1f | %.1f |%n",
        what,
        rate,
        sorted.get(sorted.size() / 2) / 1e6,
        sorted.get((int) (0.99 * (sorted.size() - 1))) / 1e6,
        batch);
  }

  private List<Long> run(int clients, double seconds) throws ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    long end = System.nanoTime() + (long) (seconds * 1e9);
    List<Future<List<Long>>> results = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      results.add(threads.submit(() -> client(end)));
    }
    List<Long> times = new ArrayList<>();
    try {
      for (Future<List<Long>> result : results) {
        times.addAll(result.get());
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdown();
    }
    return times;
  }

  private List<Long> client(long end) throws IOException {
    List<Long> times = new ArrayList<>();
    try (Socket socket = new Socket(server.getHost(), server.getPort())) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      while (System.nanoTime() < end) {
        long begin = System.nanoTime();
        socket.getOutputStream().write(request);
        read(in);
        times.add(System.nanoTime() - begin);
      }
    }
    return times;
  }

  /** Reads one successful response. */
  private static void read(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the server hung up after " + head);
      }
      head.append((char) next);
    }
    String text = head.toString().toLowerCase(Locale.ROOT);
    if (!text.startsWith("http/1.1 200 ")) {
      throw new IOException("the server answered " + text);
    }
    String length = text.replaceAll("(?s).*content-length: (\\d+).*", "$1");
    in.readNBytes(Integer.parseInt(length));
  }

  /** The number or the sum of the batches so far. */
  private double metric(String what) {
    String name = "lamina_batch_size_" + what + "{signature=\"serving_default\"} ";
    try (InputStream in = server.resolve("/metrics").toURL().openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.startsWith(name))
          .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
