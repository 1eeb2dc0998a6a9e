package dev.lamina.serve;

import dev.lamina.io.OptionalLibraries;
import java.net.URI;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  /** What Lamina does not bring along. */
  private static final Map<String, String> LIBRARIES =
      Map.of(
          "org.eclipse.jetty.server.Server", "org.eclipse.jetty:jetty-server",
          "io.prometheus.metrics.core.metrics.Counter", "io.prometheus:prometheus-metrics-core",
          "io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter",
              "io.prometheus:prometheus-metrics-exposition-textformats",
          "com.google.protobuf.util.JsonFormat", "com.google.protobuf:protobuf-java-util");

  private final ServedModel model;
  private final Map<String, Batcher> batchers;
  private final HttpListener listener;
  private final ServerOptions options;

  private ModelServer(
      ServedModel model,
      Map<String, Batcher> batchers,
      HttpListener listener,
      ServerOptions options) {
    this.model = model;
    this.batchers = batchers;
    this.listener = listener;
    this.options = options;
  }

  /**
   * Loads a model, warms it up by running every signature, and starts to listen.
   *
   * @param export the folder of {@code saved_model.pb}, or a folder of numbered versions ({@code
   *     1}, {@code 2}, ...), of which the highest is served
   * @throws dev.lamina.io.LaminaException if the folder contains no model, or one that was not
   *     exported by this library; or if an optional library that the server needs is missing
   * @throws IllegalArgumentException if the server cannot listen on the host and port
   */
  public static ModelServer start(Path export, ServerOptions options) {
    OptionalLibraries.require("the server", LIBRARIES);
    return start(export, options, PixelMemory.ofHeap());
  }

  static ModelServer start(Path export, ServerOptions options, PixelMemory pixels) {
    ServerMetrics metrics = new ServerMetrics();
    Map<String, Batcher> batchers = new LinkedHashMap<>();
    ServedModel model = new ServedModel(export);
    try {
      model
          .signatures()
          .forEach(
              (name, signature) -> {
                int batch = batchSize(signature, options, pixels);
                warmUp(signature, batch);
                batchers.put(name, batcher(name, signature, batch, options, metrics));
              });
      metrics.watch(batchers);
      HttpListener listener = HttpListener.start(model, batchers, options, pixels, metrics);
      return new ModelServer(model, batchers, listener, options);
    } catch (RuntimeException e) {
      batchers.values().forEach(Batcher::close);
      model.close();
      throw e;
    }
  }

  /** Returns the maximum batch size: no more images than that can wait. */
  private static int batchSize(
      ServedSignature signature, ServerOptions options, PixelMemory pixels) {
    int waiting = Math.min(options.maxQueue(), pixels.maximum() / signature.bytes());
    return Math.max(1, Math.min(options.maxBatchSize(), waiting));
  }

  private static Batcher batcher(
      String name,
      ServedSignature signature,
      int maxBatchSize,
      ServerOptions options,
      ServerMetrics metrics) {
    return new Batcher(
        "lamina-" + name,
        signature::run,
        maxBatchSize,
        options.batchTimeout(),
        options.maxQueue(),
        size -> metrics.batch(name, size));
  }

  /**
   * Runs batches of the smallest and the largest size: the first run with a new batch size is slow.
   */
  private static void warmUp(ServedSignature signature, int maxBatchSize) {
    byte[] image = new byte[signature.bytes()];
    for (int size : List.of(1, maxBatchSize)) {
      signature.run(Collections.nCopies(size, image));
    }
  }

  /** The base URL of the server, with the actual port. */
  public URI uri() {
    String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
    return URI.create("http://%s:%s/".formatted(host, listener.port()));
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
      listener.close();
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
}
