package dev.lamina.serve;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves an exported model over HTTP: TensorFlow Serving's REST API, image uploads, a web page,
 * health checks and Prometheus metrics. {@code docs/serving.md} lists the endpoints.
 *
 * <pre>{@code
 * try (ModelServer server = ModelServer.start(Path.of("export"), ServerOptions.create().port(0))) {
 *   System.out.println(server.uri());  // http://127.0.0.1:41873/
 *   Thread.currentThread().join();     // serves until the process is stopped
 * }
 * }</pre>
 */
public final class ModelServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelServer.class);
  private static final int THREADS = 16;

  private final ServedModel model;
  private final Map<String, Batcher> batchers;
  private final Server server;
  private final ServerConnector connector;
  private final ServerOptions options;

  private ModelServer(
      ServedModel model,
      Map<String, Batcher> batchers,
      Server server,
      ServerConnector connector,
      ServerOptions options) {
    this.model = model;
    this.batchers = batchers;
    this.server = server;
    this.connector = connector;
    this.options = options;
  }

  /**
   * Loads a model, warms it up by running every signature, and starts to listen.
   *
   * @param export the folder of {@code saved_model.pb}, or a folder of numbered versions ({@code
   *     1}, {@code 2}, ...), of which the highest is served
   * @throws dev.lamina.io.LaminaException if the folder contains no model, or one that was not
   *     exported by this library
   * @throws IllegalArgumentException if the server cannot listen on the host and port
   */
  public static ModelServer start(Path export, ServerOptions options) {
    ServerMetrics metrics = new ServerMetrics();
    Map<String, Batcher> batchers = new LinkedHashMap<>();
    ServedModel model = new ServedModel(export);
    try {
      model.signatures().values().forEach(signature -> warmUp(signature, options.maxBatchSize()));
      model
          .signatures()
          .forEach(
              (name, signature) -> batchers.put(name, batcher(name, signature, options, metrics)));
      metrics.watch(batchers);
      return listen(model, batchers, options, metrics);
    } catch (RuntimeException e) {
      batchers.values().forEach(Batcher::close);
      model.close();
      throw e;
    }
  }

  private static Batcher batcher(
      String name, ServedSignature signature, ServerOptions options, ServerMetrics metrics) {
    return new Batcher(
        "lamina-" + name,
        signature::run,
        options.maxBatchSize(),
        options.batchTimeout(),
        options.maxQueue(),
        size -> metrics.batch(name, size));
  }

  /**
   * Runs batches of the smallest and the largest size: the first run with a new batch size is slow.
   */
  private static void warmUp(ServedSignature signature, int maxBatchSize) {
    byte[] image =
        signature.acceptsFiles()
            ? png()
            : new byte[signature.pixels().stream().reduce(1, Math::multiplyExact)];
    for (int size : List.of(1, maxBatchSize)) {
      signature.run(Collections.nCopies(size, image));
    }
  }

  private static byte[] png() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB), "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static ModelServer listen(
      ServedModel model,
      Map<String, Batcher> batchers,
      ServerOptions options,
      ServerMetrics metrics) {
    QueuedThreadPool threads = new QueuedThreadPool(THREADS);
    threads.setName("lamina-http");
    Server server = new Server(threads);
    server.setStopTimeout(options.stopTimeout().toMillis());
    server.setErrorHandler(new Errors());

    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(options.host());
    connector.setPort(options.port());
    connector.setIdleTimeout(options.idleTimeout().toMillis());
    Deadlines deadlines =
        new Deadlines(
            connector.getScheduler(), options.idleTimeout().plus(options.requestTimeout()));
    connector.addBean(deadlines);
    server.addConnector(connector);
    server.addBean(new NetworkConnectionLimit(options.maxConnections(), connector));
    server.setHandler(
        new GracefulHandler(new Api(model, batchers, metrics, deadlines, options, threads)));
    try {
      server.start();
    } catch (Exception e) {
      throw bindFailure(e, options);
    }
    return new ModelServer(model, batchers, server, connector, options);
  }

  private static RuntimeException bindFailure(Exception e, ServerOptions options) {
    Throwable cause = e.getCause() instanceof BindException ? e.getCause() : e;
    return new IllegalArgumentException(
        "host and port must be a free address of this machine, got %s:%s (%s); choose another"
            .formatted(options.host(), options.port(), cause.getMessage()),
        e);
  }

  /** The base URL of the server, with the actual port. */
  public URI uri() {
    String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
    return URI.create("http://%s:%s/".formatted(host, connector.getLocalPort()));
  }

  /** The name, version and number of classes of the model, in one line. */
  public String describe() {
    return "%s version %s, %s classes"
        .formatted(options.modelName(), model.version(), model.classNames().size());
  }

  /**
   * Stops accepting requests, completes those in progress within the stop timeout, and frees the
   * model.
   */
  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      LOG.warn(
          "not all requests were completed within {} s of stopping",
          options.stopTimeout().toSeconds(),
          e);
    } finally {
      batchers.values().forEach(Batcher::close);
      model.close();
    }
  }

  /** Sends errors of Jetty, such as for a malformed request, in the same format. */
  private static final class Errors extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      int status = response.getStatus();
      HttpResponse error = HttpResponse.error(status, message(request, status));
      error.headers().forEach(response.getHeaders()::put);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, error.body().remaining());
      response.write(true, error.body(), callback);
      return true;
    }

    private static String message(Request request, int status) {
      Object message = request.getAttribute(ErrorHandler.ERROR_MESSAGE);
      return status < 500 && message != null
          ? "request must be well-formed HTTP: " + message
          : HttpStatus.getMessage(status);
    }
  }
}
