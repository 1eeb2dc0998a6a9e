package dev.lamina.serve;

import static com.google.common.base.Preconditions.checkArgument;

import java.time.Duration;

/**
 * How a {@link ModelServer} listens, batches and defends itself.
 *
 * @param host the address to listen on; 127.0.0.1 unless set
 * @param port the port to listen on, 0 for any that is free; 8501 unless set
 * @param modelName what clients call the model; "lamina" unless set
 * @param maxBatchSize images that run at once, at most; 32 unless set
 * @param batchTimeout how long the first image of a batch waits for more; 0 unless set: what has
 *     come while the batch before it ran
 * @param maxQueue images that wait or are in one request, at most; 1,024 unless set
 * @param maxBody bytes of a request's body, at most; 32 MiB unless set
 * @param requestTimeout how long a request may take to arrive, and an answer to be taken; 30 s
 *     unless set
 * @param idleTimeout how long a connection may be silent; 30 s unless set
 * @param maxConnections connections at once, at most; 1,024 unless set
 * @param stopTimeout how long stopping waits for answers; 30 s unless set
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
  /** Checks every number. */
  public ServerOptions {
    checkArgument(port >= 0 && port <= 65535, "port must be in 0..65535, got %s", port);
    checkArgument(
        modelName.matches("[A-Za-z0-9._-]+"),
        "modelName must be of letters, digits, '.', '_' and '-', got %s",
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

  /** The defaults. */
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

  /** With another address to listen on. */
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

  /** With another port to listen on. */
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

  /** With another name of the model. */
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

  /** With another limit on a batch. */
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

  /** With another time that the first image of a batch waits for more. */
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

  /** With another limit on the images that wait. */
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

  /** With another limit on a request's body. */
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

  /** With another time for a request to arrive, and for an answer to be taken. */
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

  /** With another time for a connection to be silent. */
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

  /** With another limit on connections. */
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

  /** With another time that stopping waits for answers. */
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
