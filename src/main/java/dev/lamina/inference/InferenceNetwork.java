package dev.lamina.inference;

import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** A classifier with the weights of one moment, optimised for inference. Thread-safe. */
public interface InferenceNetwork extends AutoCloseable {
  /**
   * Returns the logits of a batch.
   *
   * @param batch uint8 [N, height, width, channels]
   * @return the logits, [N, classes]; the caller closes the tensor
   * @throws IllegalStateException if this network is closed before the run starts
   */
  TFloat32 run(TUint8 batch);

  /** Waits for current runs, then frees the native memory. */
  @Override
  void close();
}
