package dev.lamina.serve;

/** The endpoints of the server. */
enum Endpoint {
  PREDICT("POST", "predict"),
  PREDICT_IMAGE("POST", "predict_image"),
  STATUS("GET", "status"),
  METADATA("GET", "metadata"),
  PAGE("GET", "page"),
  HEALTH("GET", "healthz"),
  READY("GET", "readyz"),
  METRICS("GET", "metrics"),
  UNKNOWN("GET", "unknown");

  private final String method;
  private final String label;

  Endpoint(String method, String label) {
    this.method = method;
    this.label = label;
  }

  /** The HTTP method of this endpoint. */
  String method() {
    return method;
  }

  /** The value of the label {@code endpoint} in metrics. */
  String label() {
    return label;
  }

  /** Whether this endpoint accepts a method. HEAD is accepted wherever GET is. */
  boolean allows(String asked) {
    return asked.equals(method) || (method.equals("GET") && asked.equals("HEAD"));
  }
}
