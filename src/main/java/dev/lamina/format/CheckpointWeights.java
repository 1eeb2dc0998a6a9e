package dev.lamina.format;

import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.lamina.data.Preprocessing;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.graph.Parameter;
import dev.lamina.io.LaminaException;
import dev.lamina.network.Network;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The model in a checkpoint: the tensors of its weights are in TensorFlow's layout, and among
 * others that are not read here.
 */
public final class CheckpointWeights {
  /** The key of a checkpoint's version in the metadata of its file. */
  public static final String VERSION = "lamina_checkpoint";

  /**
   * What stands before the names of weights that were evaluated, if they are not those that were
   * trained but an average of them, say.
   */
  public static final String EVALUATED = "evaluation/";

  /** The last tensor of the file of a checkpoint: the SHA-256 of all bytes before it. */
  public static final String CHECKSUM = "sha256";

  /** The size of the checksum in bytes. */
  public static final int CHECKSUM_BYTES = 32;

  private CheckpointWeights() {}

  /**
   * Checks that a checkpoint is as it was written.
   *
   * @param content the content of the file
   * @throws LaminaException if its checksum differs
   * @throws UncheckedIOException if it cannot be read
   */
  public static void checkUndamaged(Path file, Safetensors content) {
    Tensor sum = content.tensors().get(CHECKSUM);
    if (sum == null || !sum.data().equals(ByteBuffer.wrap(checksum(file)))) {
      throw new LaminaException(file + " is damaged: its checksum differs; use another checkpoint");
    }
  }

  private static byte[] checksum(Path file) {
    try {
      return MoreFiles.asByteSource(file)
          .slice(0, Files.size(file) - CHECKSUM_BYTES)
          .hash(Hashing.sha256())
          .asBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(
          file + " cannot be read (" + e + "); use another checkpoint", e);
    }
  }

  /** Returns whether a file is a checkpoint. */
  static boolean isIn(Safetensors content) {
    return content.metadata().containsKey(VERSION);
  }

  /**
   * Returns metadata for the file of a checkpoint that lets {@link WeightsFile#read(Path)} read its
   * weights.
   *
   * @param metadata the metadata of the model
   */
  public static Map<String, String> describe(
      Network network,
      List<String> classNames,
      Preprocessing preprocessing,
      Map<String, String> metadata) {
    return Map.of(
        WeightsFile.DESCRIPTION,
        Description.json(network, classNames, preprocessing, metadata).toString());
  }

  /** Returns the weights that the run evaluated at this moment. */
  static Map<String, float[]> read(
      Path file, Safetensors content, Map<String, Parameter> parameters) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    parameters.forEach(
        (name, parameter) -> {
          Tensor trained = content.tensors().get(name);
          Tensor tensor = content.tensors().getOrDefault(EVALUATED + name, trained);
          long[] shape = parameter.shape().asArray();
          if (tensor == null || !Arrays.equals(tensor.shape(), shape)) {
            throw new LaminaException(
                "%s is damaged: it must have %s of shape %s, has %s; use another checkpoint"
                    .formatted(
                        file,
                        name,
                        Arrays.toString(shape),
                        tensor == null ? "none" : Arrays.toString(tensor.shape())));
          }
          weights.put(name, tensor.floats());
        });
    return weights;
  }
}
