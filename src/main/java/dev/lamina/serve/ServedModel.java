package dev.lamina.serve;

import dev.lamina.format.SavedModelReader;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.exceptions.TensorFlowException;

/** A loaded export. Must be closed, after all runs have ended. */
final class ServedModel implements AutoCloseable {
  private static final String FILE = "saved_model.pb";

  private final SavedModelBundle bundle;
  private final long version;
  private final List<String> classNames;
  private final SortedMap<String, ServedSignature> signatures = new TreeMap<>();

  /**
   * Loads a model.
   *
   * @param export the folder of {@code saved_model.pb}, or a folder of numbered versions, of which
   *     the highest is loaded
   * @throws LaminaException if the folder contains no model, or one that was not exported by this
   *     library
   */
  ServedModel(Path export) {
    Path folder = newest(export);
    version = version(folder);
    classNames = SavedModelReader.classNames(folder);
    try {
      bundle = SavedModelBundle.load(folder.toString(), "serve");
    } catch (TensorFlowException e) {
      throw new LaminaException(
          folder.resolve(FILE) + " is damaged, or not a SavedModel; export the model again");
    }
    try {
      for (Map.Entry<String, org.tensorflow.proto.SignatureDef> entry :
          bundle.metaGraphDef().getSignatureDefMap().entrySet()) {
        signatures.put(
            entry.getKey(),
            new ServedSignature(entry.getKey(), entry.getValue(), bundle.session()));
      }
    } catch (RuntimeException e) {
      bundle.close();
      throw e;
    }
  }

  private static Path newest(Path export) {
    if (Files.isRegularFile(export.resolve(FILE))) {
      return export;
    }
    if (!Files.isDirectory(export)) {
      throw new LaminaException(export + " does not exist or is not a folder; check the path");
    }
    try (Stream<Path> folders = Files.list(export)) {
      return folders
          .filter(folder -> isVersion(folder) && Files.isRegularFile(folder.resolve(FILE)))
          .max(Comparator.comparingLong(ServedModel::version))
          .orElseThrow(
              () ->
                  new LaminaException(
                      export
                          + " contains no exported model; name the folder of saved_model.pb, or the one"
                          + " of its versions (1, 2, ...)"));
    } catch (IOException e) {
      throw new LaminaException(
          export + " could not be read (" + e + "); check its permissions", e);
    }
  }

  private static boolean isVersion(Path folder) {
    return folder.getFileName().toString().matches("\\d{1,18}");
  }

  /** The version in the folder's name; 1 if the name is not a number. */
  private static long version(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    return isVersion(absolute) ? Long.parseLong(absolute.getFileName().toString()) : 1;
  }

  /** The version of the model. */
  long version() {
    return version;
  }

  /** The names of the classes, in the order of the probabilities. */
  List<String> classNames() {
    return classNames;
  }

  /** The signatures, by name. */
  SortedMap<String, ServedSignature> signatures() {
    return signatures;
  }

  @Override
  public void close() {
    bundle.close();
  }
}
