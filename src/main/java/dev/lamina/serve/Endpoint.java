package dev.lamina.serve;

/** What can be asked of a server. */
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

  /** The method of HTTP that it answers. */
  String method() {
    return method;
  }

  /** Its name in metrics. */
  String label() {
    return label;
  }

  /** Whether it answers the method. What it gives to GET it gives to HEAD, without a body. */
  boolean allows(String asked) {
    return asked.equals(method) || (method.equals("GET") && asked.equals("HEAD"));
  }
}
