package dev.lamina.export;

import dev.lamina.data.OneLine;
import dev.lamina.layer.Layers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.tensorflow.ndarray.Shape;

/** Reads what {@link SavedModelWriter} wrote. */
public final class SavedModelReader {
  /** What to do where a file of an export is damaged. */
  static final String AGAIN = "; export the model again";

  private SavedModelReader() {}

  /**
   * The classifier of an export, with the weights that it had in training: no batch norm is folded.
   *
   * @param folder the folder that holds {@code saved_model.pb}
   * @throws FormatException where the folder is not an export of this library, is damaged, or holds
   *     layers that are code, such as lambdas
   */
  public static Servable read(Path folder) {
    Path file = description(folder);
    try {
      return Description.read(
          file,
          AGAIN,
          Files.readAllBytes(file),
          (body, height, width, channels) ->
              new TensorBundleReader(folder.resolve(TensorBundleWriter.PREFIX))
                  .read(Layers.parameters(body, Shape.of(height, width, channels))));
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * The names of the classes of an export, in the order of the logits. Its layers and weights are
   * not read, so they may be anything.
   *
   * @param folder the folder that holds {@code saved_model.pb}
   * @throws FormatException where the folder is not an export of this library, or is damaged
   */
  public static List<String> classNames(Path folder) {
    Path file = description(folder);
    try {
      return Description.classNames(Files.readAllBytes(file));
    } catch (IllegalArgumentException e) {
      throw new FormatException(
          file + " does not describe a network: " + OneLine.of(e.getMessage()) + AGAIN);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static Path description(Path folder) {
    Path file = folder.resolve(Description.FILE);
    if (!Files.isRegularFile(file)) {
      throw new FormatException(
          "%s is no export of Lamina: it has no %s; name the folder that holds saved_model.pb"
              .formatted(folder, Description.FILE));
    }
    return file;
  }

  static FormatException unreadable(Path file, IOException e) {
    return new FormatException(file + " cannot be read (" + e + "); check its permissions");
  }
}
