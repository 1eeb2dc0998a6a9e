package dev.lamina.serve;

import java.net.BindException;
import java.util.Map;
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

/** Jetty, configured; apart from {@link ModelServer} so that that class loads without Jetty. */
final class HttpListener {
  private static final int THREADS = 16;

  private final Server server;
  private final ServerConnector connector;

  private HttpListener(Server server, ServerConnector connector) {
    this.server = server;
    this.connector = connector;
  }

  /**
   * Starts to listen.
   *
   * @throws IllegalArgumentException if the server cannot listen on the host and port
   */
  static HttpListener start(
      ServedModel model,
      Map<String, Batcher> batchers,
      ServerOptions options,
      PixelMemory pixels,
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
        new GracefulHandler(
            new Api(model, batchers, metrics, deadlines, options, pixels, threads)));
    try {
      server.start();
    } catch (Exception e) {
      throw bindFailure(e, options);
    }
    return new HttpListener(server, connector);
  }

  private static RuntimeException bindFailure(Exception e, ServerOptions options) {
    Throwable cause = e.getCause() instanceof BindException ? e.getCause() : e;
    return new IllegalArgumentException(
        "host and port must be a free address of this machine, got %s:%s (%s); choose another"
            .formatted(options.host(), options.port(), cause.getMessage()),
        e);
  }

  int port() {
    return connector.getLocalPort();
  }

  /** Stops accepting requests, and completes those in progress within the stop timeout. */
  void close() throws Exception {
    server.stop();
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
