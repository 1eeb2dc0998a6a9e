package dev.lamina.serve;

import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/** The metrics of a server, in the Prometheus text format. */
final class ServerMetrics {
  static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  /** Histogram buckets of latency, in seconds. */
  private static final double[] SECONDS = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60
  };

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Counter requests =
      Counter.builder()
          .name("lamina_requests_total")
          .help("Completed requests.")
          .labelNames("endpoint", "status")
          .register(registry);
  private final Histogram latency =
      Histogram.builder()
          .name("lamina_request_duration_seconds")
          .help("Time from the headers of a request to the end of its response.")
          .unit(Unit.SECONDS)
          .labelNames("endpoint")
          .classicOnly()
          .classicUpperBounds(SECONDS)
          .register(registry);
  private final Histogram batches =
      Histogram.builder()
          .name("lamina_batch_size")
          .help("Images in a batch.")
          .labelNames("signature")
          .classicOnly()
          .classicExponentialUpperBounds(1, 2, 11)
          .register(registry);

  /** Registers the queue length of each batcher as a gauge. */
  void watch(Map<String, Batcher> batchers) {
    GaugeWithCallback.builder()
        .name("lamina_queue_images")
        .help("Queued images.")
        .labelNames("signature")
        .callback(
            gauge ->
                batchers.forEach((signature, batcher) -> gauge.call(batcher.waiting(), signature)))
        .register(registry);
  }

  void request(Endpoint endpoint, int status, long nanoseconds) {
    requests.labelValues(endpoint.label(), Integer.toString(status)).inc();
    latency.labelValues(endpoint.label()).observe(nanoseconds / 1e9);
  }

  void batch(String signature, int size) {
    batches.labelValues(signature).observe(size);
  }

  byte[] text() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create()
          .write(bytes, registry.scrape(), EscapingScheme.UNDERSCORE_ESCAPING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
