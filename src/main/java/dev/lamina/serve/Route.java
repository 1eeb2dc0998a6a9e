package dev.lamina.serve;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The parsed path of a request.
 *
 * @param endpoint the requested endpoint
 * @param model the model's name, empty if the path has none
 * @param version the model's version, empty if the path has none
 */
record Route(Endpoint endpoint, String model, String version) {
  /** The paths of TensorFlow Serving's REST API. */
  private static final Pattern MODEL =
      Pattern.compile("/v1/models/([^/:]+)(?:/versions/(\\d+))?(/metadata|:\\w+)?");

  /** Parses a path; the endpoint of an unknown path is {@link Endpoint#UNKNOWN}. */
  static Route of(String path) {
    Matcher model = MODEL.matcher(path);
    if (!model.matches()) {
      return new Route(fixed(path), "", "");
    }
    return new Route(
        switch (Objects.requireNonNullElse(model.group(3), "")) {
          case "" -> Endpoint.STATUS;
          case "/metadata" -> Endpoint.METADATA;
          case ":predict" -> Endpoint.PREDICT;
          case ":predictImage" -> Endpoint.PREDICT_IMAGE;
          default -> Endpoint.UNKNOWN;
        },
        Objects.requireNonNull(model.group(1)),
        Objects.requireNonNullElse(model.group(2), ""));
  }

  private static Endpoint fixed(String path) {
    return switch (path) {
      case "/" -> Endpoint.PAGE;
      case "/healthz" -> Endpoint.HEALTH;
      case "/readyz" -> Endpoint.READY;
      case "/metrics" -> Endpoint.METRICS;
      default -> Endpoint.UNKNOWN;
    };
  }
}
