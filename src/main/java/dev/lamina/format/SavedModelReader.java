package dev.lamina.format;

import dev.lamina.data.Preprocessing;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** Reads exports of {@link SavedModelWriter}. */
public final class SavedModelReader {
  /** The advice in messages about a damaged export. */
  static final String AGAIN = "; export the model again";

  /** The name of the file that makes a folder a SavedModel. */
  public static final String FILE = "saved_model.pb";

  private SavedModelReader() {}

  /**
   * Returns the folder of {@code saved_model.pb}: the folder itself or, if it contains numbered
   * versions, the highest of them.
   *
   * @throws LaminaException if the folder cannot be read
   */
  public static Optional<Path> newest(Path export) {
    if (Files.isRegularFile(export.resolve(FILE))) {
      return Optional.of(export);
    }
    try (Stream<Path> folders = Files.list(export)) {
      return folders
          .filter(folder -> Files.isRegularFile(folder.resolve(FILE)))
          .filter(folder -> version(folder).isPresent())
          .max(Comparator.comparingLong(folder -> version(folder).orElseThrow()));
    } catch (IOException e) {
      throw unreadable(export, e);
    }
  }

  /** Returns the version that a folder is named after. */
  public static OptionalLong version(Path folder) {
    String name = String.valueOf(folder.getFileName());
    return name.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(name)) : OptionalLong.empty();
  }

  /**
   * Reads the classifier of an export with its original weights: batch norms are not folded.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @throws LaminaException if the folder is not an export of this library, is damaged, or contains
   *     layers that are code, such as lambdas
   */
  public static Servable read(Path folder) {
    Path file = description(folder);
    try {
      return Description.read(
          file,
          AGAIN,
          Files.readAllBytes(file),
          network -> {
            Path weights = weights(folder, file);
            return WeightsFile.weights(weights, Safetensors.read(weights), network);
          });
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Reads the class names of an export, in the order of the logits. Its layers and weights are not
   * read, so they need not be known to this version.
   *
   * @param folder the folder of {@code saved_model.pb}
   * @throws LaminaException if the folder is not an export of this library, or is damaged
   */
  public static List<String> classNames(Path folder) {
    return part(folder, Description::classNames);
  }

  /**
   * Reads how image files become the input of an exported network; fails as {@link #classNames}
   * does.
   */
  public static Preprocessing preprocessing(Path folder) {
    return part(folder, Description::preprocessing);
  }

  private static <T> T part(Path folder, BiFunction<Path, byte[], T> read) {
    Path file = description(folder);
    try {
      return read.apply(file, Files.readAllBytes(file));
    } catch (IllegalArgumentException e) {
      throw new LaminaException(
          file + " does not describe a network: " + Messages.reason(e) + AGAIN);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static Path description(Path folder) {
    Path file = folder.resolve(Description.FILE);
    if (!Files.isRegularFile(file)) {
      throw new LaminaException(
          "%s is not an export of Lamina: it has no %s; name the folder of saved_model.pb"
              .formatted(folder, Description.FILE));
    }
    return file;
  }

  private static Path weights(Path folder, Path description) {
    Path file = folder.resolve(WeightsFile.IN_EXPORT);
    if (!Files.isRegularFile(file)) {
      throw new LaminaException(
          """
          %s has no %s: exports of Lamina 0.1 carry their weights there, older ones only as TensorFlow's variables, \
          which are not read any more; export the model again from its run or weights file"""
              .formatted(folder, WeightsFile.IN_EXPORT));
    }
    try {
      String expected = Description.checksum(description, Files.readAllBytes(description));
      if (!expected.equals(WeightsFile.sha256(file))) {
        throw new LaminaException(
            file + " is damaged: its SHA-256 is not that of " + description.getFileName() + AGAIN);
      }
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    return file;
  }

  private static LaminaException unreadable(Path file, IOException e) {
    return new LaminaException(file + " cannot be read (" + e + "); check its permissions");
  }
}
