package dev.lamina.spark;

import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models of this executor, which all its tasks share; closed when it ends. */
final class LoadedModels {
  private static final Logger LOG = LoggerFactory.getLogger(LoadedModels.class);
  private static final Map<String, Model> MODELS = new ConcurrentHashMap<>();

  static {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> MODELS.values().forEach(Model::close), "lamina-close"));
  }

  private LoadedModels() {}

  /** Returns the model of an export, which is loaded once. */
  static Model get(String export) {
    return MODELS.computeIfAbsent(export, LoadedModels::load);
  }

  private static Model load(String export) {
    LOG.info("loading {}", export);
    return Model.load(Path.of(export));
  }
}
