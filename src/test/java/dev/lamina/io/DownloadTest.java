package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.util.concurrent.Uninterruptibles;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads of a file whose hash is not known, from a server on which it may change. */
class DownloadTest {
  private static final int SIZE = 300_000;
  private static final int HALF = 150_000;

  @TempDir private Path folder;
  private final HttpServer server;
  private final String site;
  private final List<String> log = new CopyOnWriteArrayList<>();
  private byte[] content = content(1);
  private String header = "ETag: \"1\"";
  private boolean ignoresIfRange;

  /** What the file becomes after half of it was sent; null if the connection is not cut. */
  private @Nullable Runnable cut;

  DownloadTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    site = "http://localhost:" + server.getAddress().getPort();
  }

  @BeforeEach
  void start() {
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            log.add(
                exchange.getRequestURI()
                    + logged(exchange, "Range")
                    + logged(exchange, "If-Range")
                    + logged(exchange, "Authorization")
                    + logged(exchange, "Proxy-Authorization"));
            if (exchange.getRequestURI().getPath().equals("/moved")) {
              exchange.getResponseHeaders().add("Location", site + "/file");
              exchange.sendResponseHeaders(302, -1);
            } else {
              send(exchange);
            }
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static byte[] content(int version) {
    byte[] content = new byte[SIZE];
    Arrays.fill(content, (byte) version);
    return content;
  }

  private static String logged(HttpExchange exchange, String header) {
    String value = exchange.getRequestHeaders().getFirst(header);
    return value == null ? "" : " " + value;
  }

  private void send(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    String ifRange = exchange.getRequestHeaders().getFirst("If-Range");
    String[] validator = header.split(": ", 2);
    boolean partial =
        range != null && (ifRange == null || ignoresIfRange || ifRange.equals(validator[1]));
    exchange.getResponseHeaders().add(validator[0], validator[1]);
    int from = partial ? Integer.parseInt(range.replaceAll("\\D", "")) : 0;
    Runnable change = cut;
    cut = null;
    exchange.sendResponseHeaders(partial ? 206 : 200, SIZE - from);
    int until = change == null ? SIZE : HALF;
    exchange.getResponseBody().write(content, from, until - from);
    exchange.getResponseBody().flush();
    if (change != null) {
      // A client drops what it has not yet handed on.
      Path part = folder.resolve("file.part");
      while (!Files.exists(part) || Files.size(part) < until) {
        Uninterruptibles.sleepUninterruptibly(Duration.ofMillis(1));
      }
      change.run();
    }
  }

  private Path fetch(String path, Map<String, String> headers, String... proxy) {
    Map<String, String> environment = proxy.length == 0 ? Map.of() : Map.of("HTTP_PROXY", proxy[0]);
    Path target = folder.resolve("file");
    URI uri = URI.create(path.startsWith("/") ? site + path : path);
    Download.fetch(
        new Download.Source(uri, headers, environment, ""), target, PublishedFile.size("", SIZE));
    return target;
  }

  private void assertIs(int version, Path file) throws IOException {
    assertThat(Files.readAllBytes(file)).isEqualTo(content(version));
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ETag: \"1\"", "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT"})
  void sameVersion_isResumed(String validator) throws IOException {
    header = validator;
    cut = () -> {};
    assertIs(1, fetch("/file", Map.of()));
    assertThat(log)
        .containsExactly("/file", "/file bytes=150000- " + validator.replaceFirst(".*?: ", ""));
  }

  /** A server that does not know If-Range sends the rest of the new version. */
  @ParameterizedTest
  @CsvSource({"false, 2", "true, 3"})
  void otherVersion_isDownloadedFromItsStart(boolean ignored, int requests) throws IOException {
    ignoresIfRange = ignored;
    cut =
        () -> {
          content = content(2);
          header = "ETag: \"2\"";
        };
    assertIs(2, fetch("/file", Map.of()));
    assertThat(log).hasSize(requests).startsWith("/file", "/file bytes=150000- \"1\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"ETag: W/\"1\"", "Server: of another kind"})
  void versionThatIsNotSaid_isDownloadedFromItsStart(String validator) throws IOException {
    header = validator;
    cut = () -> content = content(2);
    assertIs(2, fetch("/file", Map.of()));
    assertThat(log).containsExactly("/file", "/file");
  }

  @Test
  void partOfUnknownVersion_isNotUsed() throws IOException {
    Files.write(folder.resolve("file.part"), new byte[HALF]);
    assertIs(1, fetch("/file", Map.of()));
    assertThat(log).containsExactly("/file");
  }

  @Test
  void message_saysWhetherThePartIsKept() throws IOException {
    URI nowhere = URI.create("http://localhost:1/file");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> fetch(nowhere.toString(), Map.of()))
        .withMessageEndingWith("; check the network and try again");
    Files.writeString(folder.resolve("file.part.validator"), "\"1\"");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> fetch(nowhere.toString(), Map.of()))
        .withMessageEndingWith("; check the network and try again (the partial download is kept)");
  }

  @Test
  void redirect_getsNeitherTheTokenNorThePasswordOfTheProxy() throws IOException {
    // The proxy is the same server; localhost is reached without it. user:pass
    String proxy = site.replace("//", "//user:pass@");
    assertIs(1, fetch("http://site.invalid/moved", Map.of("Authorization", "Bearer t"), proxy));
    assertThat(log)
        .containsExactly("http://site.invalid/moved Bearer t Basic dXNlcjpwYXNz", "/file");
  }
}
