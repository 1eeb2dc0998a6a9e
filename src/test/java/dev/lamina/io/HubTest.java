package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.common.hash.Hashing;
import com.google.common.util.concurrent.Uninterruptibles;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A hub and the store that it redirects to, each a local server with a name of its own. */
class HubTest {
  private static final byte[] CONTENT = new byte[300_000];
  private static final String MODEL = "timm/resnet18.a1_in1k";
  private static final String FILE = "model.safetensors";
  private static final String PATH = "/" + MODEL + "/resolve/main/" + FILE;

  static {
    new Random(0).nextBytes(CONTENT);
  }

  @TempDir private Path cache;
  private final HttpServer server;
  private final int port;
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final ConcurrentLinkedQueue<Integer> breaks = new ConcurrentLinkedQueue<>();
  private String hash = Hashing.sha256().hashBytes(CONTENT).toString();
  private Consumer<HttpExchange> hub = this::redirect;

  HubTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    port = server.getAddress().getPort();
  }

  @BeforeEach
  void start() {
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            String range = exchange.getRequestHeaders().getFirst("Range");
            log.add(
                exchange.getRequestMethod()
                    + " "
                    + exchange.getRequestURI()
                    + (authorization == null ? "" : " " + authorization)
                    + (range == null ? "" : " " + range));
            if (exchange.getRequestURI().getPath().equals("/store")) {
              content(exchange);
            } else {
              hub.accept(exchange);
            }
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  /** As the hub answers for large files: the hash, and the address of another host. */
  private void redirect(HttpExchange exchange) {
    exchange.getResponseHeaders().add("X-Linked-Etag", '"' + hash + '"');
    exchange.getResponseHeaders().add("X-Linked-Size", Integer.toString(CONTENT.length));
    exchange.getResponseHeaders().add("Location", "http://127.0.0.1:" + port + "/store?signed=1");
    status(exchange, 302);
  }

  private static void status(HttpExchange exchange, int status) {
    try {
      exchange.sendResponseHeaders(status, -1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends the content from where it is asked for, up to the next break. */
  private void content(HttpExchange exchange) {
    content(exchange, exchange.getRequestHeaders().getFirst("Range"));
  }

  private void content(HttpExchange exchange, @Nullable String range) {
    try {
      int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
      Integer until = breaks.poll();
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (head) {
        exchange.getResponseHeaders().add("Content-Length", Integer.toString(CONTENT.length));
      }
      exchange.sendResponseHeaders(range == null ? 200 : 206, head ? -1 : CONTENT.length - from);
      if (!head) {
        OutputStream body = exchange.getResponseBody();
        body.write(Arrays.copyOfRange(CONTENT, from, until == null ? CONTENT.length : until));
        body.flush();
      }
      if (until != null) {
        awaitPart(until);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until so many bytes are on disk: a client drops what it has not yet handed on. */
  private void awaitPart(long size) throws IOException {
    Path part = cache.resolve("hub").resolve(MODEL).resolve(FILE + ".part");
    while (!Files.exists(part) || Files.size(part) < size) {
      Uninterruptibles.sleepUninterruptibly(Duration.ofMillis(1));
    }
  }

  private Path fetch(String... environment) {
    Map<String, String> variables = new HashMap<>();
    variables.put("HF_ENDPOINT", "http://localhost:" + port + "/");
    for (String variable : environment) {
      int equals = variable.indexOf('=');
      variables.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return Hub.of(cache, variables).file(MODEL, FILE);
  }

  private void refuses(String message, String... environment) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> fetch(environment))
        .withMessage(message.replace("HUB", "http://localhost:" + port));
  }

  @Test
  void file_isDownloadedOnce_andTheTokenStaysAtTheHub() throws IOException {
    Path file = fetch("HF_TOKEN=hf_secret");
    assertThat(file).isEqualTo(cache.resolve("hub").resolve(MODEL).resolve(FILE));
    assertThat(Files.readAllBytes(file)).isEqualTo(CONTENT);
    assertThat(log).containsExactly("HEAD " + PATH + " Bearer hf_secret", "GET /store?signed=1");
    assertThat(fetch()).isEqualTo(file);
    assertThat(log).hasSize(2);
  }

  @Test
  void smallFile_comesFromTheHubItself_withTheToken() throws IOException {
    hub = this::content;
    assertThat(Files.readAllBytes(fetch("HF_TOKEN=t"))).isEqualTo(CONTENT);
    assertThat(log).containsExactly("HEAD " + PATH + " Bearer t", "GET " + PATH + " Bearer t");
  }

  @Test
  void relativeRedirect_isFollowed() throws IOException {
    hub =
        exchange -> {
          exchange.getResponseHeaders().add("Location", "/store");
          status(exchange, 307);
        };
    assertThat(Files.readAllBytes(fetch())).isEqualTo(CONTENT);
    assertThat(log).containsExactly("HEAD " + PATH, "HEAD /store", "GET /store");
  }

  /** The store does not know the hash. */
  @Test
  void hashOfARedirectWithinTheHub_isChecked() {
    String wrong = "0".repeat(64);
    hub =
        exchange -> {
          exchange.getResponseHeaders().add("X-Linked-Etag", '"' + wrong + '"');
          exchange.getResponseHeaders().add("Location", "/store");
          status(exchange, 307);
        };
    refuses("HUB/store has SHA-256 %s, must be %s; try again".formatted(hash, wrong));
  }

  /** As copied from a text with typographic quotation marks, or with a second line. */
  @ParameterizedTest
  @ValueSource(strings = {"\u201chf_secret\u201d", "hf_secret\nhf_other", "hf secret"})
  void tokenThatCannotBeSent_isNotPrinted(String token) {
    refuses(
        "HF_TOKEN must be printable ASCII characters without spaces; correct or unset it",
        "HF_TOKEN=" + token);
    assertThat(log).isEmpty();
  }

  @Test
  void interrupted_isResumed() throws IOException {
    breaks.addAll(List.of(100_000, 250_000));
    assertThat(Files.readAllBytes(fetch())).isEqualTo(CONTENT);
    assertThat(log.subList(1, 4))
        .containsExactly(
            "GET /store?signed=1",
            "GET /store?signed=1 bytes=100000-",
            "GET /store?signed=1 bytes=250000-");
  }

  @Test
  void wrongHash_isRefused_andNothingIsKept() throws IOException {
    hash = "0".repeat(64);
    refuses(
        "http://127.0.0.1:%s/store?signed=1 has SHA-256 %s, must be %s; try again"
            .formatted(port, Hashing.sha256().hashBytes(CONTENT), hash));
    try (var left = Files.list(cache.resolve("hub").resolve(MODEL))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void wrongSize_isRefused() {
    hub =
        exchange -> {
          exchange.getResponseHeaders().add("X-Linked-Etag", "\"of another kind\"");
          exchange.getResponseHeaders().add("X-Linked-Size", "7");
          exchange.getResponseHeaders().add("Location", "http://127.0.0.1:" + port + "/store");
          status(exchange, 302);
        };
    refuses("http://127.0.0.1:%s/store has size 300000, must be 7; try again".formatted(port));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "404 | it does not exist; check the name",
        "401 | it does not exist, or needs a token: check the name, or set HF_TOKEN to a token that may read it",
        "403 | it does not exist, or needs a token: check the name, or set HF_TOKEN to a token that may read it",
        "405 | it cannot be read by GET; check that it is the address of a file",
        "503 | try again later"
      })
  void status_isNamedWithAdvice(int status, String advice) {
    hub = exchange -> status(exchange, status);
    refuses("HUB" + PATH + " returned status " + status + "; " + advice);
  }

  @Test
  void lengthThatIsNotSaid_isNamed() {
    hub = exchange -> status(exchange, 200);
    refuses(
        "HUB"
            + PATH
            + " does not say how long it is (no Content-Length); download it with another program and name the file");
  }

  @Test
  void otherAddress_isNotAdvisedTheTokenOfTheHub() {
    hub = exchange -> status(exchange, 403);
    URI uri = URI.create("http://localhost:" + port + "/w.safetensors");
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Hub.of(cache, Map.of()).file(uri))
        .withMessage(
            uri
                + " returned status 403; it may not be read without signing in; check the address, or download it with"
                + " another program and name the file");
  }

  @Test
  void endlessRedirects_areRefused() {
    hub =
        exchange -> {
          exchange.getResponseHeaders().add("Location", PATH);
          status(exchange, 302);
        };
    refuses("HUB" + PATH + " redirects more than 5 times; check the address");
  }

  @Test
  void proxy_isAskedForEverything() throws IOException {
    // The proxy is the same server: it sees whole addresses.
    String proxy = "http_proxy=http://localhost:" + port;
    hub = this::content;
    assertThat(Files.readAllBytes(fetch("HF_ENDPOINT=http://hub.invalid", proxy)))
        .isEqualTo(CONTENT);
    assertThat(log)
        .containsExactly("HEAD http://hub.invalid" + PATH, "GET http://hub.invalid" + PATH);
  }

  @Test
  void proxyThatWantsAPassword_getsIt_besideTheTokenOfTheHub() throws IOException {
    hub =
        exchange -> {
          // user:pass
          if ("Basic dXNlcjpwYXNz"
              .equals(exchange.getRequestHeaders().getFirst("Proxy-Authorization"))) {
            content(exchange);
          } else {
            exchange.getResponseHeaders().add("Proxy-Authenticate", "Basic realm=\"proxy\"");
            status(exchange, 407);
          }
        };
    String endpoint = "HF_ENDPOINT=http://hub.invalid";
    String proxy = "HTTP_PROXY=http://user:%s@localhost:" + port;
    refuses(
        "http://hub.invalid"
            + PATH
            + " was refused by the proxy (status 407); check the user and password in HTTP_PROXY or HTTPS_PROXY",
        endpoint,
        proxy.formatted("wrong"));
    log.clear();
    assertThat(Files.readAllBytes(fetch(endpoint, proxy.formatted("pass"), "HF_TOKEN=t")))
        .isEqualTo(CONTENT);
    assertThat(log)
        .containsExactly(
            "HEAD http://hub.invalid" + PATH + " Bearer t",
            "GET http://hub.invalid" + PATH + " Bearer t");
  }

  /** As a presigned address of S3 answers, or a server that knows no HEAD. */
  @ParameterizedTest
  @CsvSource({"403, true", "405, true", "501, true", "405, false"})
  void addressForGetAlone_isAskedForOneByte(int status, boolean ranges) throws IOException {
    hub =
        exchange -> {
          boolean head = exchange.getRequestMethod().equals("HEAD");
          if (head) {
            status(exchange, status);
          } else if (ranges && exchange.getRequestHeaders().containsKey("Range")) {
            exchange.getResponseHeaders().add("Content-Range", "bytes 0-0/" + CONTENT.length);
            status(exchange, 206);
          } else {
            content(exchange, null);
          }
        };
    URI uri = URI.create("http://localhost:" + port + "/w.safetensors");
    assertThat(Files.readAllBytes(Hub.of(cache, Map.of()).file(uri))).isEqualTo(CONTENT);
    assertThat(log)
        .containsExactly(
            "HEAD /w.safetensors", "GET /w.safetensors bytes=0-0", "GET /w.safetensors");
  }

  @Test
  void address_isDownloadedToo() throws IOException {
    URI uri = URI.create("http://localhost:" + port + "/store");
    Path file = Hub.of(cache, Map.of("HF_TOKEN", "secret")).file(uri);
    assertThat(file).startsWith(cache.resolve("downloads")).hasFileName("store");
    assertThat(Files.readAllBytes(file)).isEqualTo(CONTENT);
    assertThat(log).containsExactly("HEAD /store", "GET /store");
  }

  /** String.hashCode is the same for both. */
  @Test
  void addressesOfOneHashCode_haveFoldersOfTheirOwn() {
    hub = this::content;
    String host = "http://localhost:" + port;
    Path first = Hub.of(cache, Map.of()).file(URI.create(host + "/Aa/w"));
    assertThat(Hub.of(cache, Map.of()).file(URI.create(host + "/BB/w"))).isNotEqualTo(first);
  }

  @Test
  void wrongAddresses_areRefused() {
    String rule =
        " must be an http or https address whose host has no underscore and whose special"
            + " characters are percent-encoded (a space as %20), got ";
    for (String endpoint : List.of("ftp://hub", "https://my hub", "http://model_store:8000")) {
      refuses("HF_ENDPOINT" + rule + endpoint, "HF_ENDPOINT=" + endpoint);
    }
    for (String location : List.of("/a b.safetensors", "http://model_store/w", "mailto:someone")) {
      hub =
          exchange -> {
            exchange.getResponseHeaders().add("Location", location);
            status(exchange, 302);
          };
      refuses("redirect of HUB" + PATH + rule + location);
    }
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Hub.of(cache, Map.of()).file(MODEL, "a b"))
        .withMessage(
            "model " + MODEL + rule + "https://huggingface.co/" + MODEL + "/resolve/main/a b");
    refuses(
        "HTTP_PROXY must be the address of an HTTP proxy, such as http://proxy:3128; correct or unset it",
        "HTTP_PROXY=socks5://user:pass@localhost:1");
  }
}
