package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.data.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;

/**
 * Writes a classifier as TensorFlow's SavedModel, for TensorFlow Serving, Python, Java and whatever
 * else reads that format. It holds the same functions in two forms: the graph that C++ and Java
 * run, with batch norms folded into the convolutions and the weights as constants, which is the
 * fastest; and the object graph that Python loads, with a variable for each parameter, which can be
 * trained further there. Both scale and normalise the images themselves.
 *
 * <table>
 * <caption>The signatures</caption>
 * <tr><th>signature</th><th>input</th><th>outputs</th></tr>
 * <tr><td>serving_default</td><td>images, uint8 [n, height, width, channels]: pixels from 0 to 255</td><td>those below</td></tr>
 * <tr><td>from_encoded</td><td>image_bytes, string [n]: PNG or JPEG files of any size</td><td>those below</td></tr>
 * <tr><td>features</td><td>images</td><td>features, float32 [n, size]: what the classifier gets, the input of the last dense layer</td></tr>
 * </table>
 *
 * <table>
 * <caption>The outputs of serving_default and from_encoded</caption>
 * <tr><th>name</th><th>type</th><th>shape</th><th>what</th></tr>
 * <tr><td>probabilities</td><td>float32</td><td>[n, classes]</td><td>softmax of the logits</td></tr>
 * <tr><td>logits</td><td>float32</td><td>[n, classes]</td><td>what the network gives</td></tr>
 * <tr><td>class_ids</td><td>int64</td><td>[n]</td><td>the most probable class, from 0</td></tr>
 * <tr><td>labels</td><td>string</td><td>[n]</td><td>its name</td></tr>
 * </table>
 *
 * <p>Files are scaled to the network's size without regard to their aspect. There is no {@code
 * from_encoded} where images have neither one channel nor three, and no {@code features} where the
 * network has no {@link dev.lamina.layer.Classifier}.
 *
 * <p>The file {@code assets.extra/lamina.json}, which TensorFlow ignores, holds the layers with
 * their options (normalisation among them), the class names, the metadata and the version of this
 * library. {@link SavedModelReader} reads it back.
 */
public final class SavedModelWriter {
  private static final int SCHEMA_VERSION = 1;

  private SavedModelWriter() {}

  /**
   * Writes the model, whole or not at all: it is written under another name beside the folder and
   * then renamed. Missing folders above it are made.
   *
   * @param folder the folder to make; may exist if it is empty. TensorFlow Serving wants its name
   *     to be a version number.
   * @throws IllegalArgumentException where the folder holds something, or the weights are not those
   *     of the network
   * @throws UncheckedIOException where it cannot be written
   */
  public static void write(Path folder, Servable servable) {
    try {
      checkArgument(
          !Files.exists(folder) || isEmptyFolder(folder),
          "target must be a new or empty folder, got %s; choose another or delete it",
          folder);
      Path temporary = AtomicFiles.temporary(folder);
      try {
        MetaGraphDef.Builder meta = MetaGraphDef.newBuilder();
        meta.getMetaInfoDefBuilder().addTags("serve").setTensorflowVersion(TensorFlow.version());
        InferenceGraph.add(meta, servable);
        ObjectGraph objects = ObjectGraph.add(meta, servable);
        SavedModel model =
            SavedModel.newBuilder()
                .setSavedModelSchemaVersion(SCHEMA_VERSION)
                .addMetaGraphs(meta)
                .build();
        Path variables = temporary.resolve(TensorBundleWriter.PREFIX);
        Files.createDirectories(variables.resolveSibling(""));
        TensorBundleWriter.write(variables, servable, objects.tracked());
        Path description = temporary.resolve(Description.FILE);
        Files.createDirectories(description.resolveSibling(""));
        AtomicFiles.flush(description, List.of(ByteBuffer.wrap(Description.write(servable))));
        // Last, since it is what makes the folder a SavedModel.
        AtomicFiles.flush(
            temporary.resolve("saved_model.pb"), List.of(ByteBuffer.wrap(model.toByteArray())));
        // Fails where something was put there meanwhile.
        Files.deleteIfExists(folder);
        Files.move(temporary, folder, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        if (Files.exists(temporary)) {
          MoreFiles.deleteRecursively(temporary, RecursiveDeleteOption.ALLOW_INSECURE);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  private static boolean isEmptyFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (var files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }
}
