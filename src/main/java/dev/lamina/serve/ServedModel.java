package dev.lamina.serve;

import dev.lamina.data.Preprocessing;
import dev.lamina.format.SavedModelReader;
import dev.lamina.graph.Device;
import dev.lamina.graph.NativeLog;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.proto.SignatureDef;

/** A loaded export. Must be closed, after all runs have ended. */
final class ServedModel implements AutoCloseable {
  private static final String OF_PIXELS = "serving_default";

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
    Path folder = find(export);
    version = version(folder);
    classNames = SavedModelReader.classNames(folder);
    Device device = Device.auto();
    NativeLog.silence(device);
    try {
      bundle =
          SavedModelBundle.loader(folder.toString())
              .withTags("serve")
              .withConfigProto(device.config())
              .load();
    } catch (TensorFlowException e) {
      throw new LaminaException(
          "%s cannot be loaded by TensorFlow (%s); if it is damaged, export the model again"
              .formatted(folder, Messages.reason(e)),
          e);
    }
    try {
      Preprocessing preprocessing = SavedModelReader.preprocessing(folder);
      Map<String, SignatureDef> definitions = bundle.metaGraphDef().getSignatureDefMap();
      SignatureDef ofPixels =
          definitions.getOrDefault(OF_PIXELS, SignatureDef.getDefaultInstance());
      definitions.forEach(
          (name, definition) ->
              signatures.put(
                  name,
                  new ServedSignature(
                      name, definition, ofPixels, bundle.session(), preprocessing)));
    } catch (RuntimeException e) {
      bundle.close();
      throw e;
    }
  }

  private static Path find(Path export) {
    if (!Files.isDirectory(export)) {
      throw new LaminaException(export + " does not exist or is not a folder; check the path");
    }
    return SavedModelReader.newest(export)
        .orElseThrow(
            () ->
                new LaminaException(
                    export
                        + " contains no exported model; name the folder of saved_model.pb, or the one"
                        + " of its versions (1, 2, ...)"));
  }

  /** The version in the folder's name; 1 if the name is not a number. */
  private static long version(Path folder) {
    return SavedModelReader.version(folder.toAbsolutePath().normalize()).orElse(1);
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
