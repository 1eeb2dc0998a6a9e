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
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Downloads a file, resuming an interrupted download, and verifies its checksum before renaming it
 * to the target.
 */
public final class Download {
  private static final int ATTEMPTS = 4;
  private static final int MAX_REDIRECTS = 5;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private Download() {}

  /**
   * Where to download from.
   *
   * @param uri the address
   * @param headers headers of the request by name; they are not sent to where it redirects
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

    /** Returns a client that uses the proxies and follows no redirects; made before a request. */
    HttpClient client(Duration timeout) {
      HttpClient.Builder client = HttpClient.newBuilder().connectTimeout(timeout);
      return Proxies.of(environment).addTo(client).build();
    }

    /** Returns a request with the headers, and the user and password of the proxy. */
    HttpRequest.Builder request(Duration timeout) {
      HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(timeout);
      headers.forEach(request::header);
      Proxies.of(environment)
          .authorization(uri)
          .ifPresent(credentials -> request.header("Proxy-Authorization", credentials));
      return request;
    }

    private Optional<Source> redirect(HttpResponse<?> response) {
      return response.statusCode() / 100 == 3
          ? response
              .headers()
              .firstValue("Location")
              .map(
                  location ->
                      new Source(
                          WebAddress.redirect(uri, location), Map.of(), environment, alternative))
          : Optional.empty();
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
    Path path = target.resolveSibling(target.getFileName() + ".part");
    PartialFile part = new PartialFile(path, file.hasHash());
    try {
      transfer(from, part, timeout);
      String actual = file.checksumOf(path);
      if (!actual.equals(file.checksum())) {
        part.delete();
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
      part.moveTo(target);
    } catch (DiskException e) {
      throw unwritable(path, e.failure);
    } catch (IOException e) {
      throw unwritable(path, e);
    }
  }

  /** Returns what to throw if a file or folder of a cache cannot be written. */
  public static LaminaException unwritable(Path path, IOException e) {
    return new LaminaException(
        path + " could not be written (" + e + "); free space or choose another --cache", e);
  }

  private static void transfer(Source from, PartialFile part, Duration timeout) throws IOException {
    HttpClient client = from.client(timeout);
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
            "%s could not be reached (%s); check the network and try again%s%s",
            from,
            last,
            part.isResumable() ? " (the partial download is kept)" : "",
            from.or("use")),
        last);
  }

  private static void attempt(HttpClient client, Source from, PartialFile part, Duration timeout)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response = send(client, from, part, timeout);
    try (InputStream body = response.body()) {
      int status = response.statusCode();
      if (status == RANGE_NOT_SATISFIABLE) {
        // The partial file is complete already; the checksum decides.
        return;
      }
      if (status != OK && status != PARTIAL) {
        throw new LaminaException(
            status == Proxies.UNAUTHORIZED
                ? Proxies.unauthorized(from)
                : from + " returned status " + status + "; try again later" + from.or("another"));
      }
      boolean append = status == PARTIAL;
      if (append && PartialFile.isOfAnotherVersion(response)) {
        onDisk(part::delete);
        throw new IOException("the file has changed");
      }
      if (!append) {
        onDisk(() -> part.restart(response.headers()));
      }
      write(body, part.path(), append, timeout);
    }
  }

  /** Asks for what is missing, following redirects: each may be reached by another proxy. */
  private static HttpResponse<InputStream> send(
      HttpClient client, Source from, PartialFile part, Duration timeout)
      throws IOException, InterruptedException {
    Source at = from;
    for (int i = 0; ; i++) {
      HttpRequest.Builder request = at.request(timeout);
      onDisk(() -> part.resume(request));
      HttpResponse<InputStream> response =
          client.send(request.build(), BodyHandlers.ofInputStream());
      Optional<Source> next = i < MAX_REDIRECTS ? at.redirect(response) : Optional.empty();
      if (next.isEmpty()) {
        return response;
      }
      response.body().close();
      at = next.get();
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

  private interface DiskAction {
    void run() throws IOException;
  }

  private static void onDisk(DiskAction action) throws DiskException {
    try {
      action.run();
    } catch (IOException e) {
      throw new DiskException(e);
    }
  }

  private static void write(InputStream body, Path part, boolean append, Duration timeout)
      throws IOException {
    byte[] buffer = new byte[1 << 16];
    try (OutputStream out = open(part, append)) {
      for (int count = read(body, buffer, timeout);
          count >= 0;
          count = read(body, buffer, timeout)) {
        int length = count;
        onDisk(() -> out.write(buffer, 0, length));
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
