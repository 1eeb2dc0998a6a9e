package dev.lamina.io;

import com.google.common.base.CharMatcher;
import com.google.common.hash.Hashing;
import com.google.common.primitives.Longs;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A hub of models in Hugging Face's layout: file F of model ORG/NAME is at {@code
 * ENDPOINT/ORG/NAME/resolve/main/F}. A file is downloaded once, resumed where it was interrupted,
 * checked by the SHA-256 that the hub sends or else by its size, and then read from the cache; it
 * is looked for again when it is deleted there.
 *
 * <p>As by Hugging Face's own client, {@code HF_ENDPOINT} names another hub, {@code HF_TOKEN} is
 * sent to the hub (not to where it redirects), and the proxies of the environment are used.
 */
public final class Hub {
  private static final String ENDPOINT = "https://huggingface.co";
  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final CharMatcher TOKEN = CharMatcher.inRange('!', '~');
  private static final int FOLDER_DIGITS = 16;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int MAX_REDIRECTS = 5;
  private static final int PARTIAL = 206;
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int METHOD_NOT_ALLOWED = 405;
  private static final int NOT_IMPLEMENTED = 501;

  private final Path cache;
  private final Map<String, String> environment;
  private final URI endpoint;

  private Hub(Path cache, Map<String, String> environment) {
    this.cache = cache;
    this.environment = environment;
    endpoint = endpoint(environment);
  }

  /**
   * Returns the hub that an environment names.
   *
   * @param cache the folder for downloads
   * @param environment variables by name, as {@link System#getenv()} gives them
   * @throws LaminaException if {@code HF_ENDPOINT} is not an http or https address
   */
  public static Hub of(Path cache, Map<String, String> environment) {
    return new Hub(cache, environment);
  }

  /**
   * Returns the local copy of a file of a model, downloading it first if it is not in the cache.
   *
   * @param model ORG/NAME
   * @param file the path in the model
   * @throws LaminaException if it cannot be downloaded, or its hash or size is wrong
   */
  public Path file(String model, String file) {
    URI uri = WebAddress.parse("model " + model, endpoint + "/" + model + "/resolve/main/" + file);
    return fetch(uri, cache.resolve("hub").resolve(model).resolve(file));
  }

  /**
   * Returns the local copy of a file at an address, downloading it first if it is not in the cache.
   *
   * @throws LaminaException as for {@link #file}
   */
  public Path file(URI address) {
    URI uri = WebAddress.check("address", address);
    String name = uri.getPath().replaceFirst(".*/", "");
    String hash = Hashing.sha256().hashString(uri.toString(), StandardCharsets.UTF_8).toString();
    String folder = hash.substring(0, FOLDER_DIGITS);
    return fetch(uri, cache.resolve("downloads").resolve(folder).resolve(name));
  }

  @SuppressWarnings("try") // The lock is held, not used.
  private Path fetch(URI uri, Path target) {
    if (Files.exists(target)) {
      return target;
    }
    try (CacheLock lock = CacheLock.ofFolder(cache)) {
      if (!Files.exists(target)) {
        Files.createDirectories(target.resolveSibling(""));
        Found found = find(uri);
        Download.fetch(found.source, target, found.file);
      }
      return target;
    } catch (IOException e) {
      throw Download.unwritable(target, e);
    }
  }

  /** Where a file is, and what it must be. */
  private record Found(Download.Source source, PublishedFile file) {}

  /**
   * Asks for the headers of a file, following redirects until its hash or size is known: addresses
   * that a hub redirects to are often valid for GET alone. Of several hashes the first counts,
   * which is the hub's.
   */
  private Found find(URI uri) {
    URI at = uri;
    Optional<PublishedFile> file = Optional.empty();
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      Download.Source source = new Download.Source(at, headers(at), environment, "");
      HttpResponse<?> response = ask(source);
      Optional<String> location = response.headers().firstValue("Location");
      int kind = response.statusCode() / 100;
      file = file.filter(PublishedFile::hasHash).or(() -> published(response, kind == 2));
      if (kind == 2 && file.isPresent()) {
        return new Found(source, file.get());
      }
      if (kind != 3 || location.isEmpty()) {
        throw failed(source, response.statusCode());
      }
      URI next = WebAddress.redirect(at, location.get());
      boolean sameHost = next.getHost().equals(at.getHost());
      if (file.isPresent() && !sameHost) {
        return new Found(new Download.Source(next, headers(next), environment, ""), file.get());
      }
      at = next;
    }
    throw new LaminaException(
        "%s redirects more than %s times; check the address".formatted(uri, MAX_REDIRECTS));
  }

  private static Optional<PublishedFile> published(HttpResponse<?> response, boolean last) {
    var headers = response.headers();
    Optional<String> hash =
        headers
            .firstValue("X-Linked-Etag")
            .map(etag -> etag.replaceFirst("^W/", "").replace("\"", ""))
            .filter(etag -> SHA_256.matcher(etag).matches());
    if (hash.isPresent()) {
      return hash.map(sha256 -> PublishedFile.sha256("", sha256));
    }
    // The Content-Length of a redirect, or of a range, is that of its own body.
    Optional<String> size =
        response.statusCode() == PARTIAL
            ? headers.firstValue("Content-Range").map(range -> range.replaceFirst(".*/", ""))
            : headers.firstValue(last ? "Content-Length" : "X-Linked-Size");
    return size.map(Longs::tryParse).map(bytes -> PublishedFile.size("", bytes));
  }

  /** Asks by HEAD, or for one byte by GET where a server, or a signed address, allows only that. */
  private HttpResponse<?> ask(Download.Source source) {
    HttpResponse<?> response = send(source, "HEAD");
    int status = response.statusCode();
    boolean onlyGet =
        status == METHOD_NOT_ALLOWED
            || status == NOT_IMPLEMENTED
            || (status == FORBIDDEN && !isHub(source.uri()));
    return onlyGet ? send(source, "GET") : response;
  }

  private static HttpResponse<?> send(Download.Source source, String method) {
    HttpClient client = source.client(TIMEOUT);
    HttpRequest.Builder request =
        source
            .request(TIMEOUT)
            // Otherwise a server may tell the size of a compressed body.
            .header("Accept-Encoding", "identity")
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (method.equals("GET")) {
      request.header("Range", "bytes=0-0");
    }
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), BodyHandlers.ofInputStream());
      // A server without ranges sends the whole file.
      response.body().close();
      return response;
    } catch (IOException e) {
      throw new LaminaException(
          "%s could not be reached (%s); check the network, or download the file elsewhere"
              .formatted(source, e),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LaminaException(
          "the download of " + source + " was interrupted; start it again", e);
    }
  }

  /** The token is sent to the hub alone. */
  private Map<String, String> headers(URI uri) {
    String token = environment.getOrDefault("HF_TOKEN", "").strip();
    if (token.isEmpty() || !isHub(uri)) {
      return Map.of();
    }
    if (!TOKEN.matchesAllOf(token)) {
      throw new LaminaException(
          "HF_TOKEN must be printable ASCII characters without spaces; correct or unset it");
    }
    return Map.of("Authorization", "Bearer " + token);
  }

  private boolean isHub(URI uri) {
    return endpoint.getScheme().equals(uri.getScheme())
        && endpoint.getAuthority().equals(uri.getAuthority());
  }

  private LaminaException failed(Download.Source source, int status) {
    if (status == Proxies.UNAUTHORIZED) {
      return new LaminaException(Proxies.unauthorized(source));
    }
    if (status / 100 == 2) {
      return new LaminaException(
          source
              + " does not say how long it is (no Content-Length); download it with another program and name the file");
    }
    String advice =
        switch (status) {
          case UNAUTHORIZED, FORBIDDEN ->
              isHub(source.uri())
                  ? "it does not exist, or needs a token: check the name, or set HF_TOKEN to a token that may read it"
                  : "it may not be read without signing in; check the address, or download it with another program and name the file";
          case NOT_FOUND -> "it does not exist; check the name";
          case METHOD_NOT_ALLOWED ->
              "it cannot be read by GET; check that it is the address of a file";
          default -> "try again later";
        };
    return new LaminaException("%s returned status %s; %s".formatted(source, status, advice));
  }

  private static URI endpoint(Map<String, String> environment) {
    String named = environment.getOrDefault("HF_ENDPOINT", "").strip().replaceFirst("/+$", "");
    return WebAddress.parse("HF_ENDPOINT", named.isEmpty() ? ENDPOINT : named);
  }
}
