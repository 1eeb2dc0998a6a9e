package dev.lamina.cli;

import dev.lamina.io.Version;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.TensorFlow;

/** The versions and the machine of a run. */
final class Environment {
  private Environment() {}

  static String version() {
    return Version.get();
  }

  static Map<String, String> describe() {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put("lamina", version());
    versions.put("tensorflow", TensorFlow.version());
    versions.put("java", System.getProperty("java.runtime.version"));
    versions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    versions.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    versions.put("onednn", System.getenv().getOrDefault("TF_ENABLE_ONEDNN_OPTS", "default"));
    return versions;
  }
}
