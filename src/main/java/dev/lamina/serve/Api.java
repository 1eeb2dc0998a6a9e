package dev.lamina.serve;

import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.lamina.data.Images;
import dev.lamina.data.OneLine;
import java.nio.ByteBuffer;
import java.time.Duration;
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

/** Answers requests: finds out what is asked, and has it done without a thread that waits. */
final class Api extends Handler.Abstract.NonBlocking {
  private static final String FROM_ENCODED = "from_encoded";

  /** Bodies of full length that may be there at once. */
  private static final int FULL_BODIES = 4;

  /** How long a client may go on sending what is not read any more. */
  private static final Duration LINGER = Duration.ofSeconds(2);

  private final ServedModel model;
  private final Map<String, Batcher> batchers;
  private final ServerMetrics metrics;
  private final Deadlines deadlines;
  private final ServerOptions options;
  private final Executor executor;
  private final AtomicLong held = new AtomicLong();
  private final Reply page;
  private final Reply status;
  private final Reply metadata;

  /** Answers for that model. */
  Api(
      ServedModel model,
      Map<String, Batcher> batchers,
      ServerMetrics metrics,
      Deadlines deadlines,
      ServerOptions options,
      Executor executor) {
    this.model = model;
    this.batchers = batchers;
    this.metrics = metrics;
    this.deadlines = deadlines;
    this.options = options;
    this.executor = executor;
    page = Page.of(options.modelName(), model.version());
    status = Reply.json(Answers.status(model.version()));
    metadata =
        Reply.json(Answers.metadata(options.modelName(), model.version(), model.signatures()));
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Route route = Route.of(Request.getPathInContext(request));
    Body body = new Body(request, options.maxBody(), held, FULL_BODIES * (long) options.maxBody());
    deadlines.set(
        request.getConnectionMetaData().getConnection(), options.requestTimeout(), body::expire);
    // What counts are the deadlines: waiting for a batch is not idleness.
    request.addIdleTimeoutListener(timeout -> false);
    CompletableFuture<Reply> reply;
    try {
      reply = answer(request, route, body);
    } catch (RuntimeException e) {
      reply = completedFuture(Reply.failure(e));
    }
    Exchange exchange =
        new Exchange(
            request.getConnectionMetaData().getConnection(),
            response,
            callback,
            route.endpoint(),
            body);
    reply.exceptionally(Reply::failure).thenAccept(exchange::send).exceptionally(exchange::fail);
    return true;
  }

  private CompletableFuture<Reply> answer(Request request, Route route, Body body) {
    Endpoint endpoint = route.endpoint();
    if (endpoint == Endpoint.UNKNOWN) {
      throw new Refusal(
          404,
          "path must be /, /healthz, /readyz, /metrics or /v1/models/%s[/metadata|:predict|:predictImage], got %s"
              .formatted(options.modelName(), OneLine.of(Request.getPathInContext(request))));
    }
    if (!endpoint.allows(request.getMethod())) {
      throw new Refusal(
          405,
          "method must be %s for this path, got %s"
              .formatted(endpoint.method(), OneLine.of(request.getMethod())));
    }
    checkModel(route);
    return switch (endpoint) {
      case PREDICT -> predict(body);
      case PREDICT_IMAGE -> predictImage(body, contentType(request));
      case STATUS -> completedFuture(status);
      case METADATA -> completedFuture(metadata);
      case PAGE -> completedFuture(page);
      case METRICS -> completedFuture(Reply.of(ServerMetrics.CONTENT_TYPE, metrics.text()));
      case HEALTH, READY, UNKNOWN -> completedFuture(Reply.text("ok"));
    };
  }

  private void checkModel(Route route) {
    if (!route.model().isEmpty() && !route.model().equals(options.modelName())) {
      throw new Refusal(
          404,
          "model must be %s, got %s".formatted(options.modelName(), OneLine.of(route.model())));
    }
    if (!route.version().isEmpty() && !route.version().equals(Long.toString(model.version()))) {
      throw new Refusal(
          404,
          "version must be %s, got %s".formatted(model.version(), OneLine.of(route.version())));
    }
  }

  private CompletableFuture<Reply> predict(Body body) {
    return body.read()
        .thenApplyAsync(
            bytes -> PredictRequest.read(bytes, model.signatures(), options.maxQueue()), executor)
        .thenCompose(
            asked ->
                batcher(asked.signature())
                    .submit(asked.images())
                    .thenApplyAsync(
                        rows -> Reply.json(Answers.predictions(rows, asked.rows())), executor));
  }

  private CompletableFuture<Reply> predictImage(Body body, String contentType) {
    if (!model.signatures().containsKey(FROM_ENCODED)) {
      throw new Refusal(
          404, "the model takes no image files, since its images are neither grey nor RGB");
    }
    return body.read()
        .thenApplyAsync(
            bytes -> {
              byte[] image = Form.is(contentType) ? Form.file(bytes, contentType) : bytes;
              Images.check("image", image);
              return List.of(image);
            },
            executor)
        .thenCompose(image -> batcher(FROM_ENCODED).submit(image))
        .thenApplyAsync(
            rows -> {
              Row row = rows.get(0);
              Output probabilities = Objects.requireNonNull(row.outputs().get("probabilities"));
              return Reply.json(Answers.top(probabilities.floats(row.index()), model.classNames()));
            },
            executor);
  }

  private Batcher batcher(String signature) {
    return Objects.requireNonNull(batchers.get(signature));
  }

  private static String contentType(Request request) {
    return Objects.requireNonNullElse(request.getHeaders().get(HttpHeader.CONTENT_TYPE), "");
  }

  /** A request that is being answered. */
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

    void send(Reply reply) {
      boolean unread = endpoint.method().equals("POST") && !body.ended();
      response.setStatus(reply.status());
      response.getHeaders().put("X-Content-Type-Options", "nosniff");
      reply.headers().forEach(response.getHeaders()::put);
      if (reply.status() == 405) {
        response.getHeaders().put(HttpHeader.ALLOW, endpoint.method());
      }
      if (unread) {
        response.getHeaders().put(HttpHeader.CONNECTION, "close");
      }
      ByteBuffer content = reply.body().slice();
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.remaining());
      deadlines.set(connection, options.requestTimeout(), () -> connection.getEndPoint().close());
      // Who was too slow once is not waited for again.
      boolean linger = unread && reply.status() != 408;
      response.write(
          true,
          content,
          Callback.from(
              () -> {
                if (linger) {
                  deadlines.set(connection, LINGER, () -> connection.getEndPoint().close());
                  body.drain(() -> end(reply.status()));
                } else {
                  end(reply.status());
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
