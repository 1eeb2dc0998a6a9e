package dev.lamina.serve;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a path asks for.
 *
 * @param endpoint what is asked
 * @param model the model's name, empty where the path has none
 * @param version the model's version, empty where the path has none
 */
record Route(Endpoint endpoint, String model, String version) {
  /** As in TensorFlow Serving. */
  private static final Pattern MODEL =
      Pattern.compile("/v1/models/([^/:]+)(?:/versions/(\\d+))?(/metadata|:\\w+)?");

  /** The route of a path; {@link Endpoint#UNKNOWN} where there is none. */
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
