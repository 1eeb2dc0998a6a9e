package dev.lamina.serve;

import static com.google.common.base.Preconditions.checkArgument;

import java.time.Duration;
import java.util.function.Consumer;

/**
 * The options of a {@link ModelServer}: address, batching and limits.
 *
 * @param host the address to listen on; 127.0.0.1 by default
 * @param port the port to listen on, 0 for any free port; 8501 by default
 * @param modelName the name of the model in URLs; "lamina" by default
 * @param maxBatchSize the maximum number of images in a batch; 32 by default, never more than can
 *     be queued
 * @param batchTimeout how long the first image of a batch waits for more; 0 by default: a batch
 *     contains what arrived while the previous one ran
 * @param maxQueue the maximum number of images in the queue, and in one request; 1,024 by default
 * @param maxBody the maximum length of a request's body, in bytes; 32 MiB by default, never more
 *     than an eighth of the heap
 * @param requestTimeout the maximum time to receive the headers of a request, after {@code
 *     idleTimeout}, then its body, and to send the response; 30 s each by default
 * @param idleTimeout the maximum time that a connection may be idle; 30 s by default
 * @param maxConnections the maximum number of concurrent connections; 1,024 by default
 * @param stopTimeout how long stopping waits for requests in progress; 30 s by default
 */
public record ServerOptions(
    String host,
    int port,
    String modelName,
    int maxBatchSize,
    Duration batchTimeout,
    int maxQueue,
    int maxBody,
    Duration requestTimeout,
    Duration idleTimeout,
    int maxConnections,
    Duration stopTimeout) {
  /** Checks that the port is valid, and that sizes and timeouts are positive. */
  public ServerOptions {
    checkArgument(port >= 0 && port <= 65535, "port must be in 0..65535, got %s", port);
    checkArgument(
        modelName.matches("[A-Za-z0-9._-]+"),
        "modelName must consist of letters, digits, '.', '_' and '-', got %s",
        modelName);
    checkArgument(maxBatchSize > 0, "maxBatchSize must be positive, got %s", maxBatchSize);
    checkArgument(
        !batchTimeout.isNegative() && batchTimeout.compareTo(Duration.ofMinutes(1)) <= 0,
        "batchTimeout must be in 0..60000 ms, got %s ms",
        batchTimeout.toMillis());
    checkArgument(maxQueue > 0, "maxQueue must be positive, got %s", maxQueue);
    checkArgument(maxBody > 0, "maxBody must be positive, got %s", maxBody);
    checkArgument(maxConnections > 0, "maxConnections must be positive, got %s", maxConnections);
    checkPositive("requestTimeout", requestTimeout);
    checkPositive("idleTimeout", idleTimeout);
    checkPositive("stopTimeout", stopTimeout);
  }

  private static void checkPositive(String name, Duration duration) {
    checkArgument(
        !duration.isNegative() && !duration.isZero(),
        "%s must be positive, got %s ms",
        name,
        duration.toMillis());
  }

  /** Returns the default options, given above. */
  public static ServerOptions create() {
    return new Values().options();
  }

  /** Returns these options with another address to listen on. */
  public ServerOptions host(String host) {
    return with(values -> values.host = host);
  }

  /** Returns these options with another port, or 0 for any free port. */
  public ServerOptions port(int port) {
    return with(values -> values.port = port);
  }

  /** Returns these options with another name of the model. */
  public ServerOptions modelName(String modelName) {
    return with(values -> values.modelName = modelName);
  }

  /** Returns these options with another maximum batch size. */
  public ServerOptions maxBatchSize(int maxBatchSize) {
    return with(values -> values.maxBatchSize = maxBatchSize);
  }

  /** Returns these options with another time that the first image of a batch waits for more. */
  public ServerOptions batchTimeout(Duration batchTimeout) {
    return with(values -> values.batchTimeout = batchTimeout);
  }

  /** Returns these options with another maximum queue length. */
  public ServerOptions maxQueue(int maxQueue) {
    return with(values -> values.maxQueue = maxQueue);
  }

  /** Returns these options with another maximum length of a request's body, in bytes. */
  public ServerOptions maxBody(int maxBody) {
    return with(values -> values.maxBody = maxBody);
  }

  /**
   * Returns these options with another maximum time to receive a request and to send a response.
   */
  public ServerOptions requestTimeout(Duration requestTimeout) {
    return with(values -> values.requestTimeout = requestTimeout);
  }

  /** Returns these options with another maximum idle time of a connection. */
  public ServerOptions idleTimeout(Duration idleTimeout) {
    return with(values -> values.idleTimeout = idleTimeout);
  }

  /** Returns these options with another maximum number of concurrent connections. */
  public ServerOptions maxConnections(int maxConnections) {
    return with(values -> values.maxConnections = maxConnections);
  }

  /** Returns these options with another time that stopping waits for requests in progress. */
  public ServerOptions stopTimeout(Duration stopTimeout) {
    return with(values -> values.stopTimeout = stopTimeout);
  }

  private ServerOptions with(Consumer<Values> change) {
    Values values = new Values(this);
    change.accept(values);
    return values.options();
  }

  /** The components, to be changed by name. */
  private static final class Values {
    String host = "127.0.0.1";
    int port = 8501;
    String modelName = "lamina";
    int maxBatchSize = 32;
    Duration batchTimeout = Duration.ZERO;
    int maxQueue = 1024;
    int maxBody = 32 << 20;
    Duration requestTimeout = Duration.ofSeconds(30);
    Duration idleTimeout = Duration.ofSeconds(30);
    int maxConnections = 1024;
    Duration stopTimeout = Duration.ofSeconds(30);

    Values() {}

    Values(ServerOptions options) {
      host = options.host;
      port = options.port;
      modelName = options.modelName;
      maxBatchSize = options.maxBatchSize;
      batchTimeout = options.batchTimeout;
      maxQueue = options.maxQueue;
      maxBody = options.maxBody;
      requestTimeout = options.requestTimeout;
      idleTimeout = options.idleTimeout;
      maxConnections = options.maxConnections;
      stopTimeout = options.stopTimeout;
    }

    ServerOptions options() {
      return new ServerOptions(
          host,
          port,
          modelName,
          maxBatchSize,
          batchTimeout,
          maxQueue,
          maxBody,
          requestTimeout,
          idleTimeout,
          maxConnections,
          stopTimeout);
    }
  }
}
