package dev.lamina.spark;

import java.nio.file.Path;
import java.util.List;

/**
 * How a training has ended.
 *
 * @param run the run's folder
 * @param restarts how often the stage was submitted again
 * @param lines what worker 0 has printed since the last of them, at most 1,000 lines; the last one
 *     has the accuracy on the test images
 */
public record TrainingResult(String run, int restarts, List<String> lines) {
  /** Returns the folder of the exported model, for {@link LaminaSpark#predict}. */
  public String export() {
    return Path.of(run, "export", "1").toString();
  }
}
