package dev.lamina.data;

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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Downloads a file: resumed where it broke off, checked before it has its name. */
final class Download {
  private static final int ATTEMPTS = 4;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private Download() {}

  /**
   * Downloads to the target unless it is there; what has arrived so far is kept beside it with
   * {@code .part}.
   */
  static void fetch(URI from, Path target, PublishedFile file) {
    fetch(from, target, file, TIMEOUT);
  }

  /** With the longest time to wait for a connection, an answer, or more of an answer. */
  static void fetch(URI from, Path target, PublishedFile file, Duration timeout) {
    if (Files.exists(target)) {
      return;
    }
    Path part = target.resolveSibling(target.getFileName() + ".part");
    try {
      transfer(from, part, timeout);
      String actual = file.checksumOf(part);
      if (!actual.equals(file.checksum())) {
        Files.delete(part);
        throw new DataException(
            String.format(
                "%s has %s %s, must be %s; try again, or another --mirror",
                from, file.algorithm(), actual, file.checksum()));
      }
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (DiskException e) {
      throw unwritable(part, e.failure);
    } catch (IOException e) {
      throw unwritable(part, e);
    }
  }

  private static DataException unwritable(Path part, IOException e) {
    return new DataException(
        part + " could not be written (" + e + "); free space or choose another --cache", e);
  }

  private static void transfer(URI from, Path part, Duration timeout) throws IOException {
    HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(timeout)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();
    IOException last = new IOException("not tried");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      long have = Files.exists(part) ? Files.size(part) : 0;
      HttpRequest.Builder request = HttpRequest.newBuilder(from).timeout(timeout);
      if (have > 0) {
        request.header("Range", "bytes=" + have + "-");
      }
      try {
        HttpResponse<InputStream> response =
            client.send(request.build(), BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
          int status = response.statusCode();
          if (status == RANGE_NOT_SATISFIABLE) {
            // All of it is there; the checksum decides.
            return;
          }
          if (status != OK && status != PARTIAL) {
            throw new DataException(
                from
                    + " answered with status "
                    + status
                    + "; try again later, or another --mirror");
          }
          write(body, part, status == PARTIAL, timeout);
          return;
        }
      } catch (DiskException e) {
        throw e;
      } catch (IOException e) {
        last = e;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DataException("the download of " + from + " was interrupted; start it again", e);
      }
    }
    throw new DataException(
        String.format(
            "%s could not be reached (%s); check the network and try again (what has arrived is kept), or use --mirror",
            from, last),
        last);
  }

  /** A failure of the disk, which another attempt would not mend. */
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

  /** The client's own timeout ends with the headers; a body that stalls is closed from outside. */
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
        throw new HttpTimeoutException("nothing came for " + timeout.toMillis() + " ms");
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
