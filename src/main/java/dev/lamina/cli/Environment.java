package dev.lamina.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.TensorFlow;

/** What a run was made with. */
final class Environment {
  private Environment() {}

  static String version() {
    return Objects.requireNonNullElse(
        Environment.class.getPackage().getImplementationVersion(), "development");
  }

  static Map<String, String> describe() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("lamina", version());
    facts.put("tensorflow", TensorFlow.version());
    facts.put("java", System.getProperty("java.runtime.version"));
    facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("onednn", System.getenv().getOrDefault("TF_ENABLE_ONEDNN_OPTS", "default"));
    return facts;
  }
}
