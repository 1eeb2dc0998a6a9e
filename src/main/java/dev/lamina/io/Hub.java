package dev.lamina.io;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
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
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int MAX_REDIRECTS = 5;
  private static final int NOT_FOUND = 404;

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
    URI uri = URI.create(endpoint + "/" + model + "/resolve/main/" + file);
    return fetch(uri, cache.resolve("hub").resolve(model).resolve(file));
  }

  /**
   * Returns the local copy of a file at an address, downloading it first if it is not in the cache.
   *
   * @throws LaminaException as for {@link #file}
   */
  public Path file(URI uri) {
    String name = uri.getPath().replaceFirst(".*/", "");
    String folder = Integer.toHexString(uri.toString().hashCode());
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
   * that a hub redirects to are often valid for GET alone.
   */
  private Found find(URI uri) {
    URI at = uri;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      Download.Source source = new Download.Source(at, headers(at), environment, "");
      HttpResponse<Void> response = head(source);
      Optional<String> location = response.headers().firstValue("Location");
      int kind = response.statusCode() / 100;
      Optional<PublishedFile> file = published(response, kind == 2);
      if (kind == 2 && file.isPresent()) {
        return new Found(source, file.get());
      }
      if (kind != 3 || location.isEmpty()) {
        throw failed(source, response.statusCode());
      }
      URI next = at.resolve(location.get());
      checkAddress("redirect of " + uri, next);
      if (at.getScheme().equals("https") && !next.getScheme().equals("https")) {
        throw new LaminaException(at + " redirects to an address without TLS; check the address");
      }
      boolean sameHost = next.getHost().equals(at.getHost());
      if (file.isPresent() && !sameHost) {
        return new Found(new Download.Source(next, headers(next), environment, ""), file.get());
      }
      at = next;
    }
    throw new LaminaException(
        "%s redirects more than %s times; check the address".formatted(uri, MAX_REDIRECTS));
  }

  private static Optional<PublishedFile> published(HttpResponse<Void> response, boolean last) {
    var headers = response.headers();
    Optional<String> hash =
        headers
            .firstValue("X-Linked-Etag")
            .map(etag -> etag.replaceFirst("^W/", "").replace("\"", ""))
            .filter(etag -> SHA_256.matcher(etag).matches());
    if (hash.isPresent()) {
      return hash.map(sha256 -> PublishedFile.sha256("", sha256));
    }
    // The Content-Length of a redirect is that of its own body.
    var size = headers.firstValueAsLong(last ? "Content-Length" : "X-Linked-Size");
    return size.isPresent()
        ? Optional.of(PublishedFile.size("", size.getAsLong()))
        : Optional.empty();
  }

  private static HttpResponse<Void> head(Download.Source source) {
    HttpClient client = source.client(TIMEOUT, HttpClient.Redirect.NEVER);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(source.uri())
            .timeout(TIMEOUT)
            // Otherwise a server may tell the size of a compressed body.
            .header("Accept-Encoding", "identity")
            .method("HEAD", HttpRequest.BodyPublishers.noBody());
    source.headers().forEach(request::header);
    try {
      return client.send(request.build(), BodyHandlers.discarding());
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
    return token.isEmpty() || !isHub(uri) ? Map.of() : Map.of("Authorization", "Bearer " + token);
  }

  private boolean isHub(URI uri) {
    return endpoint.getScheme().equals(uri.getScheme())
        && endpoint.getAuthority().equals(uri.getAuthority());
  }

  private LaminaException failed(Download.Source source, int status) {
    if (status / 100 == 2) {
      return new LaminaException(
          source
              + " does not say how long it is (no Content-Length); download it with another program and name the file");
    }
    String advice =
        switch (status) {
          case 401, 403 ->
              isHub(source.uri())
                  ? "it does not exist, or needs a token: check the name, or set HF_TOKEN to a token that may read it"
                  : "it may not be read without signing in; check the address, or download it with another program and name the file";
          case NOT_FOUND -> "it does not exist; check the name";
          default -> "try again later";
        };
    return new LaminaException("%s returned status %s; %s".formatted(source, status, advice));
  }

  private static URI endpoint(Map<String, String> environment) {
    String named = environment.getOrDefault("HF_ENDPOINT", "").strip().replaceFirst("/+$", "");
    URI endpoint = URI.create(named.isEmpty() ? ENDPOINT : named);
    checkAddress("HF_ENDPOINT", endpoint);
    return endpoint;
  }

  private static void checkAddress(String what, URI uri) {
    if (uri.getHost() == null
        || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
      throw new LaminaException(what + " must be an http or https address, got " + uri);
    }
  }
}
