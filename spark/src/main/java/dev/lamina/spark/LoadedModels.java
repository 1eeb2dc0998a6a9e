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

  private record Key(String export, long version) {}

  private static final Map<Key, Model> MODELS = new ConcurrentHashMap<>();

  static {
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> MODELS.values().forEach(Model::close), "lamina-close"));
  }

  private LoadedModels() {}

  /**
   * Returns the model of an export, which is loaded once.
   *
   * @param version what an export that is written again to the same folder differs by
   */
  static Model get(String export, long version) {
    return MODELS.computeIfAbsent(new Key(export, version), LoadedModels::load);
  }

  private static Model load(Key key) {
    LOG.info("loading {}", key.export());
    return Model.load(Path.of(key.export()));
  }
}
