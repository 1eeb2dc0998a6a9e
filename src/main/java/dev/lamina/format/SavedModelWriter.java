package dev.lamina.format;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.io.AtomicFiles;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.tensorflow.TensorFlow;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;

/**
 * Writes a classifier as a TensorFlow SavedModel, for TensorFlow Serving, Python, Java and other
 * runtimes of that format. It contains the same functions in two forms: a graph for C++ and Java,
 * with batch norms folded into the convolutions and weights as constants, for speed; and an object
 * graph for Python, with one variable per parameter, which can be trained further there. Both scale
 * and normalise the images.
 *
 * <table>
 * <caption>The signatures</caption>
 * <tr><th>signature</th><th>input</th><th>outputs</th></tr>
 * <tr><td>serving_default</td><td>images, uint8 [n, height, width, channels]: pixels from 0 to 255</td><td>those below</td></tr>
 * <tr><td>from_encoded</td><td>image_bytes, string [n]: PNG, JPEG or GIF files of any size, or BMP of 24 or 32 bits</td><td>those below</td></tr>
 * <tr><td>features</td><td>images</td><td>features, float32 [n, size]: the input of the classifier, which is the last dense layer</td></tr>
 * </table>
 *
 * <table>
 * <caption>The outputs of serving_default and from_encoded</caption>
 * <tr><th>name</th><th>type</th><th>shape</th><th>content</th></tr>
 * <tr><td>probabilities</td><td>float32</td><td>[n, classes]</td><td>softmax of the logits</td></tr>
 * <tr><td>logits</td><td>float32</td><td>[n, classes]</td><td>output of the network</td></tr>
 * <tr><td>class_ids</td><td>int64</td><td>[n]</td><td>the most probable class, from 0</td></tr>
 * <tr><td>labels</td><td>string</td><td>[n]</td><td>its name</td></tr>
 * </table>
 *
 * <p>Image files are resized to the network's size as the {@link dev.lamina.data.Preprocessing} of
 * the model says, but for the orientation in EXIF data. There is no {@code from_encoded} unless
 * images have one or three channels, and no {@code features} if the network has no {@link
 * dev.lamina.layer.Classifier}.
 *
 * <p>The file {@code assets.extra/lamina.json}, which TensorFlow ignores, contains the layers with
 * their options (including normalisation), the class names, the metadata and the version of this
 * library; {@code assets.extra/weights.safetensors} contains the weights. {@link SavedModelReader}
 * reads both.
 */
public final class SavedModelWriter {
  private static final int SCHEMA_VERSION = 1;

  private SavedModelWriter() {}

  /**
   * Writes the model. A new folder appears whole: it is written beside its place and then renamed;
   * missing parent folders are created. An existing folder is kept, since it may be a mount point
   * or a symbolic link: the model is written to a temporary folder in it, whose contents are then
   * renamed one by one, {@code saved_model.pb} last. After a failure nothing is left.
   *
   * @param folder the folder to create; may exist if it is empty, but for temporary folders of
   *     other writers. TensorFlow Serving requires a version number as its name.
   * @throws IllegalArgumentException if the folder is not empty, or the weights do not match the
   *     network
   * @throws UncheckedIOException if it cannot be written
   */
  public static void write(Path folder, Servable servable) {
    try {
      checkArgument(
          Files.exists(folder) || !Files.isSymbolicLink(folder),
          "target must not be a symbolic link to a missing folder, got %s; create that folder",
          folder);
      if (Files.exists(folder)) {
        checkArgument(
            isEmptyFolder(folder),
            "target must be a new or empty folder, got %s; choose another or delete it",
            folder);
        fill(folder.toRealPath(), servable);
      } else {
        create(folder, servable);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          folder + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  private static void create(Path folder, Servable servable) throws IOException {
    Path temporary = AtomicFiles.temporary(folder);
    try {
      writeContents(temporary, servable);
      // Fails if the folder has been filled in the meantime.
      Files.deleteIfExists(folder);
      Files.move(temporary, folder, StandardCopyOption.ATOMIC_MOVE);
      AtomicFiles.flushFolder(folder.toAbsolutePath().resolveSibling(""));
    } finally {
      delete(List.of(temporary));
    }
  }

  private static void fill(Path folder, Servable servable) throws IOException {
    Path temporary = AtomicFiles.temporary(folder.resolve(SavedModelReader.FILE));
    List<Path> moved = new ArrayList<>();
    try {
      writeContents(temporary, servable);
      if (!isEmptyFolder(folder)) {
        throw new DirectoryNotEmptyException(folder.toString());
      }
      List<Path> parts = new ArrayList<>(MoreFiles.listFiles(temporary));
      // Last, as in the temporary folder; false comes before true.
      parts.sort(Comparator.comparing(part -> part.endsWith(SavedModelReader.FILE)));
      for (Path part : parts) {
        Path target = folder.resolve(part.getFileName());
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        moved.add(target);
      }
      AtomicFiles.flushFolder(folder);
      moved.clear();
    } finally {
      delete(moved);
      delete(List.of(temporary));
    }
  }

  private static void delete(List<Path> paths) throws IOException {
    for (Path path : paths) {
      if (Files.exists(path)) {
        MoreFiles.deleteRecursively(path, RecursiveDeleteOption.ALLOW_INSECURE);
      }
    }
  }

  private static void writeContents(Path folder, Servable servable) throws IOException {
    MetaGraphDef.Builder meta = MetaGraphDef.newBuilder();
    meta.getMetaInfoDefBuilder().addTags("serve").setTensorflowVersion(TensorFlow.version());
    InferenceGraph.add(meta, servable);
    ObjectGraph objects = ObjectGraph.add(meta, servable);
    SavedModel model =
        SavedModel.newBuilder()
            .setSavedModelSchemaVersion(SCHEMA_VERSION)
            .addMetaGraphs(meta)
            .build();
    Path variables = folder.resolve(TensorBundleWriter.PREFIX);
    Files.createDirectories(variables.resolveSibling(""));
    TensorBundleWriter.write(variables, servable, objects.tracked());
    for (Path file : MoreFiles.listFiles(variables.resolveSibling(""))) {
      AtomicFiles.flush(file);
    }
    Path description = folder.resolve(Description.FILE);
    Files.createDirectories(description.resolveSibling(""));
    Path weights = folder.resolve(WeightsFile.IN_EXPORT);
    WeightsFile.write(weights, servable);
    byte[] described = Description.write(servable, WeightsFile.sha256(weights));
    AtomicFiles.flush(description, List.of(ByteBuffer.wrap(described)));
    // Written last, because this file marks the folder as a SavedModel.
    AtomicFiles.flush(
        folder.resolve(SavedModelReader.FILE), List.of(ByteBuffer.wrap(model.toByteArray())));
  }

  private static boolean isEmptyFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (var files = Files.list(folder)) {
      return files.allMatch(AtomicFiles::isTemporary);
    }
  }
}
