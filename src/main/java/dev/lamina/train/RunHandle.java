package dev.lamina.train;

import java.nio.file.Path;

/** What a callback may do to a run. */
public interface RunHandle {
  /** Ends the run after the current step. */
  void stop();

  /** Loss and accuracy of the epoch so far. Reading them costs a little: not in every step. */
  Metrics metrics();

  /** Writes the weights as they are now, as safetensors. */
  void saveWeights(Path file);
}
