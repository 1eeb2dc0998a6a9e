package dev.lamina.report;

import dev.lamina.data.ImageSet;
import dev.lamina.model.Evaluation;
import java.nio.file.Path;

/** An evaluation as PNG files. */
public final class EvaluationPictures {
  /** The confusion matrix. */
  public static final String CONFUSION = "confusion_matrix.png";

  /** The reliability diagram. */
  public static final String RELIABILITY = "reliability.png";

  /** The most confident mistakes. */
  public static final String MISTAKES = "mistakes.png";

  private EvaluationPictures() {}

  /**
   * Writes {@code confusion_matrix.png}, {@code reliability.png} (the reliability diagram) and
   * {@code mistakes.png} (the images whose wrong prediction was the most confident).
   *
   * @param set the images that were evaluated
   * @param folder the folder to write to; created if it does not exist
   * @throws dev.lamina.io.LaminaException if the files cannot be written
   */
  public static void write(Evaluation evaluation, ImageSet set, Path folder) {
    ConfusionPicture.write(evaluation, folder.resolve(CONFUSION));
    ReliabilityPicture.write(evaluation.calibration(), folder.resolve(RELIABILITY));
    MistakeSheet.write(evaluation, set, folder.resolve(MISTAKES));
  }
}
