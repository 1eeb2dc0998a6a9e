package dev.lamina.serve;

import static com.google.common.base.Preconditions.checkArgument;

import java.time.Duration;

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
    return new ServerOptions(
        "127.0.0.1",
        8501,
        "lamina",
        32,
        Duration.ZERO,
        1024,
        32 << 20,
        Duration.ofSeconds(30),
        Duration.ofSeconds(30),
        1024,
        Duration.ofSeconds(30));
  }

  /** Returns these options with another address to listen on. */
  public ServerOptions host(String host) {
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

  /** Returns these options with another port, or 0 for any free port. */
  public ServerOptions port(int port) {
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

  /** Returns these options with another name of the model. */
  public ServerOptions modelName(String modelName) {
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

  /** Returns these options with another maximum batch size. */
  public ServerOptions maxBatchSize(int maxBatchSize) {
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

  /** Returns these options with another time that the first image of a batch waits for more. */
  public ServerOptions batchTimeout(Duration batchTimeout) {
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

  /** Returns these options with another maximum queue length. */
  public ServerOptions maxQueue(int maxQueue) {
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

  /** Returns these options with another maximum length of a request's body, in bytes. */
  public ServerOptions maxBody(int maxBody) {
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

  /**
   * Returns these options with another maximum time to receive a request and to send a response.
   */
  public ServerOptions requestTimeout(Duration requestTimeout) {
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

  /** Returns these options with another maximum idle time of a connection. */
  public ServerOptions idleTimeout(Duration idleTimeout) {
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

  /** Returns these options with another maximum number of concurrent connections. */
  public ServerOptions maxConnections(int maxConnections) {
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

  /** Returns these options with another time that stopping waits for requests in progress. */
  public ServerOptions stopTimeout(Duration stopTimeout) {
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
