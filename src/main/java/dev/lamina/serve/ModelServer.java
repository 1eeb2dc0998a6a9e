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
 * Answers for an exported model over HTTP: the paths of TensorFlow Serving's REST API, an upload of
 * an image file, a page, health and metrics. {@code docs/serving.md} lists them.
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
   * Loads a model, runs it once in every way, and listens.
   *
   * @param export the folder that holds {@code saved_model.pb}, or one of folders that do, named
   *     after their versions: the highest number is served
   * @throws dev.lamina.export.FormatException where there is none, or it is not an export of this
   *     library
   * @throws IllegalArgumentException where the host or the port cannot be listened on
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

  /** The first run with a batch of some size takes longer. */
  private static void warmUp(ServedSignature signature, int maxBatchSize) {
    byte[] image =
        signature.takesFiles()
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
      throw refused(e, options);
    }
    return new ModelServer(model, batchers, server, connector, options);
  }

  private static RuntimeException refused(Exception e, ServerOptions options) {
    Throwable cause = e.getCause() instanceof BindException ? e.getCause() : e;
    return new IllegalArgumentException(
        "host and port must be an address of this machine that is free, got %s:%s (%s); choose another"
            .formatted(options.host(), options.port(), cause.getMessage()),
        e);
  }

  /** Where the server is reached. */
  public URI uri() {
    String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
    return URI.create("http://%s:%s/".formatted(host, connector.getLocalPort()));
  }

  /** What the model is called, and its version. */
  public String describe() {
    return "%s version %s, %s classes"
        .formatted(options.modelName(), model.version(), model.classNames().size());
  }

  /** Takes no more requests, answers those that it has, and frees everything. */
  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      LOG.warn(
          "not every request was answered within {} s of stopping",
          options.stopTimeout().toSeconds(),
          e);
    } finally {
      batchers.values().forEach(Batcher::close);
      model.close();
    }
  }

  /** What Jetty itself refuses, such as a request that is not HTTP, in the same form. */
  private static final class Errors extends ErrorHandler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
      int status = response.getStatus();
      Reply reply = Reply.error(status, message(request, status));
      reply.headers().forEach(response.getHeaders()::put);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, reply.body().remaining());
      response.write(true, reply.body(), callback);
      return true;
    }

    private static String message(Request request, int status) {
      Object said = request.getAttribute(ErrorHandler.ERROR_MESSAGE);
      return status < 500 && said != null
          ? "request must be well formed HTTP: " + said
          : HttpStatus.getMessage(status);
    }
  }
}
