package dev.lamina.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Downloads a file, resuming an interrupted download, and verifies its checksum before renaming it
 * to the target.
 */
public final class Download {
  private static final int ATTEMPTS = 4;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private Download() {}

  /**
   * Where to download from.
   *
   * @param uri the address
   * @param headers headers of the request by name; with any, redirects are not followed, so that
   *     they are not sent to another host
   * @param environment the variables that name proxies, as {@link System#getenv()} gives them
   * @param alternative the option that names another address, for messages; empty if there is none
   */
  public record Source(
      URI uri, Map<String, String> headers, Map<String, String> environment, String alternative) {
    /** Copies the maps. */
    public Source {
      headers = Map.copyOf(headers);
      environment = Map.copyOf(environment);
    }

    /** Returns a client that uses the proxies. */
    HttpClient client(Duration timeout, HttpClient.Redirect redirects) {
      HttpClient.Builder client =
          HttpClient.newBuilder().connectTimeout(timeout).followRedirects(redirects);
      return Proxies.of(environment).addTo(client).build();
    }

    private String or(String verb) {
      return alternative.isEmpty() ? "" : ", or " + verb + " " + alternative;
    }

    @Override
    public String toString() {
      return uri.toString();
    }
  }

  /**
   * Downloads to the target unless it exists. A partial download is kept beside it with the suffix
   * {@code .part}.
   *
   * @throws LaminaException if the server cannot be reached, the checksum does not match, or the
   *     file cannot be written
   */
  public static void fetch(URI from, Path target, PublishedFile file) {
    fetch(from, target, file, TIMEOUT);
  }

  /** As {@link #fetch(URI, Path, PublishedFile)}, from a source of any kind. */
  public static void fetch(Source from, Path target, PublishedFile file) {
    fetch(from, target, file, TIMEOUT);
  }

  /**
   * As {@link #fetch(URI, Path, PublishedFile)}, with the maximum time to wait for a connection,
   * for the response, and for more of its body.
   */
  public static void fetch(URI from, Path target, PublishedFile file, Duration timeout) {
    fetch(new Source(from, Map.of(), System.getenv(), "--mirror"), target, file, timeout);
  }

  private static void fetch(Source from, Path target, PublishedFile file, Duration timeout) {
    if (Files.exists(target)) {
      return;
    }
    Path part = target.resolveSibling(target.getFileName() + ".part");
    try {
      transfer(from, part, timeout);
      String actual = file.checksumOf(part);
      if (!actual.equals(file.checksum())) {
        Files.delete(part);
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s has %s %s, must be %s; try again%s",
                from,
                file.algorithm(),
                actual,
                file.checksum(),
                from.or("another")));
      }
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (DiskException e) {
      throw unwritable(part, e.failure);
    } catch (IOException e) {
      throw unwritable(part, e);
    }
  }

  /** Returns what to throw if a file or folder of a cache cannot be written. */
  public static LaminaException unwritable(Path path, IOException e) {
    return new LaminaException(
        path + " could not be written (" + e + "); free space or choose another --cache", e);
  }

  private static void transfer(Source from, Path part, Duration timeout) throws IOException {
    HttpClient client =
        from.client(
            timeout,
            from.headers().isEmpty() ? HttpClient.Redirect.NORMAL : HttpClient.Redirect.NEVER);
    IOException last = new IOException("not tried");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        attempt(client, from, part, timeout);
        return;
      } catch (DiskException e) {
        throw e;
      } catch (IOException e) {
        last = e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new LaminaException(
            "the download of " + from + " was interrupted; start it again", e);
      }
    }
    throw new LaminaException(
        String.format(
            Locale.ROOT,
            "%s could not be reached (%s); check the network and try again (the partial download is kept)%s",
            from,
            last,
            from.or("use")),
        last);
  }

  private static void attempt(HttpClient client, Source from, Path part, Duration timeout)
      throws IOException, InterruptedException {
    long have = size(part);
    HttpRequest.Builder request = HttpRequest.newBuilder(from.uri()).timeout(timeout);
    from.headers().forEach(request::header);
    if (have > 0) {
      request.header("Range", "bytes=" + have + "-");
    }
    HttpResponse<InputStream> response = client.send(request.build(), BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      int status = response.statusCode();
      if (status == RANGE_NOT_SATISFIABLE) {
        // The partial file is complete already; the checksum decides.
        return;
      }
      if (status != OK && status != PARTIAL) {
        throw new LaminaException(
            from + " returned status " + status + "; try again later" + from.or("another"));
      }
      write(body, part, status == PARTIAL, timeout);
    }
  }

  private static long size(Path part) throws DiskException {
    try {
      return Files.exists(part) ? Files.size(part) : 0;
    } catch (IOException e) {
      throw new DiskException(e);
    }
  }

  /** A disk failure, for which a retry is useless. */
  private static final class DiskException extends IOException {
    private static final long serialVersionUID = 1;

    private final IOException failure;

    DiskException(IOException failure) {
      super(failure);
      this.failure = failure;
    }
  }

  private static void write(InputStream body, Path part, boolean append, Duration timeout)
      throws IOException {
    byte[] buffer = new byte[1 << 16];
    try (OutputStream out = open(part, append)) {
      for (int count = read(body, buffer, timeout);
          count >= 0;
          count = read(body, buffer, timeout)) {
        try {
          out.write(buffer, 0, count);
        } catch (IOException e) {
          throw new DiskException(e);
        }
      }
    }
  }

  /**
   * Reads with a timeout: the client's own ends with the headers, so a stalled body is closed by a
   * timer.
   */
  private static int read(InputStream body, byte[] buffer, Duration timeout) throws IOException {
    AtomicBoolean stalled = new AtomicBoolean();
    CompletableFuture<Void> watch =
        CompletableFuture.runAsync(
            () -> {
              stalled.set(true);
              close(body);
            },
            CompletableFuture.delayedExecutor(timeout.toMillis(), TimeUnit.MILLISECONDS));
    try {
      int count = body.read(buffer);
      if (stalled.get()) {
        throw new HttpTimeoutException("no data received for " + timeout.toMillis() + " ms");
      }
      return count;
    } finally {
      watch.cancel(false);
    }
  }

  private static void close(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static OutputStream open(Path part, boolean append) throws DiskException {
    try {
      return Files.newOutputStream(
          part,
          StandardOpenOption.CREATE,
          StandardOpenOption.WRITE,
          append ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING);
    } catch (IOException e) {
      throw new DiskException(e);
    }
  }
}
