package dev.lamina.serve;

import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.lamina.io.Messages;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Handles all requests asynchronously: routes each one and sends its response. */
final class Api extends Handler.Abstract.NonBlocking {
  private static final String FROM_ENCODED = "from_encoded";

  private final ServedModel model;
  private final Map<String, Batcher> batchers;
  private final ServerMetrics metrics;
  private final Deadlines deadlines;
  private final ServerOptions options;
  private final PixelMemory pixels;
  private final Executor executor;
  private final AtomicLong buffered = new AtomicLong();
  private final long maxBuffered;
  private final HttpResponse page;
  private final HttpResponse status;
  private final HttpResponse metadata;

  /** Creates the handler of a model. */
  Api(
      ServedModel model,
      Map<String, Batcher> batchers,
      ServerMetrics metrics,
      Deadlines deadlines,
      ServerOptions options,
      PixelMemory pixels,
      Executor executor) {
    this.model = model;
    this.batchers = batchers;
    this.metrics = metrics;
    this.deadlines = deadlines;
    this.options = options;
    this.pixels = pixels;
    this.executor = executor;
    maxBuffered = Body.maxBuffered(options.maxBody(), Runtime.getRuntime().maxMemory());
    page = Page.of(options.modelName(), model.version());
    status = HttpResponse.json(JsonResponses.status(model.version()));
    metadata =
        HttpResponse.json(
            JsonResponses.metadata(options.modelName(), model.version(), model.signatures()));
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Route route = Route.of(Request.getPathInContext(request));
    Body body = new Body(request, options.maxBody(), buffered, maxBuffered, pixels.share());
    deadlines.set(
        request.getConnectionMetaData().getConnection(),
        options.requestTimeout(),
        () -> body.expire(options.requestTimeout()));
    // The deadlines apply instead: a connection that waits for a batch is not idle.
    request.addIdleTimeoutListener(timeout -> false);
    CompletableFuture<HttpResponse> result;
    try {
      result = respond(request, route, body);
    } catch (RuntimeException e) {
      result = completedFuture(HttpResponse.failure(e));
    }
    Exchange exchange =
        new Exchange(
            request.getConnectionMetaData().getConnection(),
            response,
            callback,
            route.endpoint(),
            body);
    result
        .exceptionally(HttpResponse::failure)
        .thenAccept(exchange::send)
        .exceptionally(exchange::fail);
    return true;
  }

  private CompletableFuture<HttpResponse> respond(Request request, Route route, Body body) {
    Endpoint endpoint = route.endpoint();
    if (endpoint == Endpoint.UNKNOWN) {
      throw new HttpError(
          404,
          "path must be /, /healthz, /readyz, /metrics or /v1/models/%s[/metadata|:predict|:predictImage], got %s"
              .formatted(
                  options.modelName(), Messages.singleLine(Request.getPathInContext(request))));
    }
    if (!endpoint.allows(request.getMethod())) {
      throw new HttpError(
          405,
          "method must be %s for this path, got %s"
              .formatted(endpoint.method(), Messages.singleLine(request.getMethod())));
    }
    checkModel(route);
    return switch (endpoint) {
      case PREDICT -> predict(body);
      case PREDICT_IMAGE -> predictImage(body, contentType(request));
      case STATUS -> completedFuture(status);
      case METADATA -> completedFuture(metadata);
      case PAGE -> completedFuture(page);
      case METRICS -> completedFuture(HttpResponse.of(ServerMetrics.CONTENT_TYPE, metrics.text()));
      case HEALTH, READY, UNKNOWN -> completedFuture(HttpResponse.text("ok"));
    };
  }

  private void checkModel(Route route) {
    if (!route.model().isEmpty() && !route.model().equals(options.modelName())) {
      throw new HttpError(
          404,
          "model must be %s, got %s"
              .formatted(options.modelName(), Messages.singleLine(route.model())));
    }
    if (!route.version().isEmpty() && !route.version().equals(Long.toString(model.version()))) {
      throw new HttpError(
          404,
          "version must be %s, got %s"
              .formatted(model.version(), Messages.singleLine(route.version())));
    }
  }

  private CompletableFuture<HttpResponse> predict(Body body) {
    return body.read()
        .thenApplyAsync(
            bytes ->
                PredictRequest.read(bytes, model.signatures(), options.maxQueue(), body.pixels()),
            executor)
        .thenCompose(
            predict ->
                batcher(predict.signature())
                    .submit(predict.images())
                    .thenApplyAsync(
                        rows -> HttpResponse.json(JsonResponses.predictions(rows, predict.rows())),
                        executor));
  }

  private CompletableFuture<HttpResponse> predictImage(Body body, String contentType) {
    ServedSignature files = model.signatures().get(FROM_ENCODED);
    if (files == null) {
      throw new HttpError(
          404, "the model does not accept image files: its images are neither greyscale nor RGB");
    }
    return body.read()
        .thenApplyAsync(
            bytes -> {
              byte[] image =
                  MultipartForm.is(contentType) ? MultipartForm.file(bytes, contentType) : bytes;
              body.pixels().take(files.bytes());
              return List.of(files.decode("image", image));
            },
            executor)
        .thenCompose(image -> batcher(FROM_ENCODED).submit(image))
        .thenApplyAsync(
            rows -> {
              BatchRow row = rows.get(0);
              Output probabilities = Objects.requireNonNull(row.outputs().get("probabilities"));
              return HttpResponse.json(
                  JsonResponses.top(probabilities.floats(row.index()), model.classNames()));
            },
            executor);
  }

  private Batcher batcher(String signature) {
    return Objects.requireNonNull(batchers.get(signature));
  }

  private static String contentType(Request request) {
    return Objects.requireNonNullElse(request.getHeaders().get(HttpHeader.CONTENT_TYPE), "");
  }

  /** A request in progress. */
  private final class Exchange {
    private final long begin = System.nanoTime();
    private final Response response;
    private final Callback callback;
    private final Endpoint endpoint;
    private final Body body;
    private final Connection connection;

    Exchange(
        Connection connection, Response response, Callback callback, Endpoint endpoint, Body body) {
      this.response = response;
      this.callback = callback;
      this.endpoint = endpoint;
      this.body = body;
      this.connection = connection;
    }

    void send(HttpResponse result) {
      // Before the client has the response, and may send its next request.
      body.pixels().release();
      boolean unread = body.unread();
      response.setStatus(result.status());
      response.getHeaders().put("X-Content-Type-Options", "nosniff");
      result.headers().forEach(response.getHeaders()::put);
      if (result.status() == 405) {
        response.getHeaders().put(HttpHeader.ALLOW, endpoint.method());
      }
      if (unread) {
        response.getHeaders().put(HttpHeader.CONNECTION, "close");
      }
      ByteBuffer content = result.body().slice();
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.remaining());
      // For the response, and for what the client still sends of a body that is not used.
      deadlines.set(connection, options.requestTimeout(), () -> connection.getEndPoint().close());
      // A client that has timed out gets no grace period.
      boolean linger = unread && result.status() != 408;
      response.write(
          true,
          content,
          Callback.from(
              () -> {
                if (linger) {
                  body.drain(() -> end(result.status()));
                } else {
                  end(result.status());
                }
              },
              this::fail));
    }

    private void end(int replied) {
      account(replied);
      deadlines.awaitRequest(connection);
      callback.succeeded();
    }

    Void fail(Throwable cause) {
      account(499);
      callback.failed(cause);
      return null;
    }

    private void account(int replied) {
      body.release();
      metrics.request(endpoint, replied, System.nanoTime() - begin);
    }
  }
}
