package dev.lamina.train;

import java.nio.file.Path;
import java.util.Map;

/** What a callback may do to a run. */
public interface RunHandle {
  /** Ends the run after the current step. May be called from any thread. */
  void stop();

  /** The epochs that are over, also those before the run was resumed. */
  History history();

  /**
   * Everything that the run needs to go on from here; later steps do not change it.
   *
   * @throws DivergenceException where a weight is not finite; let it pass
   */
  Checkpoint checkpoint();

  /** Loss and accuracy of the epoch so far. Reading them costs a little: not in every step. */
  Metrics metrics();

  /**
   * Writes the weights as they are now, as safetensors.
   *
   * @param metadata facts to write along
   */
  void saveWeights(Path file, Map<String, String> metadata);
}
