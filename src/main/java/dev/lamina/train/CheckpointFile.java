package dev.lamina.train;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.lamina.format.CheckpointWeights;
import dev.lamina.format.Safetensors;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.model.Weights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint as a safetensors file: the variables are tensors, weights of callbacks are tensors
 * named {@code callback/NAME/KEY/WEIGHT}, the rest is JSON in the metadata. The last tensor is the
 * SHA-256 of all bytes before it.
 */
final class CheckpointFile {
  /** Increase with every change of the file's content. */
  static final int VERSION = 2;

  private static final String STATE_KEY = "state";
  private static final String CALLBACK = "callback/";

  private CheckpointFile() {}

  static void write(Path file, Checkpoint checkpoint) {
    Map<String, Tensor> tensors = new LinkedHashMap<>(checkpoint.tensors());
    checkpoint
        .progress()
        .callbacks()
        .forEach(
            (name, state) ->
                state
                    .allWeights()
                    .forEach((key, weights) -> add(tensors, name + "/" + key, weights)));
    // Of the narrowest type and added last, so it is the last one in the file.
    tensors.put(CheckpointWeights.CHECKSUM, Tensor.of(new byte[CheckpointWeights.CHECKSUM_BYTES]));
    Map<String, String> metadata = new LinkedHashMap<>(checkpoint.model());
    metadata.put(CheckpointWeights.VERSION, Integer.toString(VERSION));
    metadata.put(STATE_KEY, CheckpointJson.write(checkpoint));
    List<ByteBuffer> pieces = new ArrayList<>(new Safetensors(tensors, metadata).pieces());
    pieces.remove(pieces.size() - 1);
    Hasher hasher = Hashing.sha256().newHasher();
    pieces.forEach(piece -> hasher.putBytes(piece.duplicate()));
    pieces.add(ByteBuffer.wrap(hasher.hash().asBytes()));
    try {
      AtomicFiles.write(file, pieces);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be written (" + e + ")", e);
    }
  }

  private static void add(Map<String, Tensor> tensors, String key, Weights weights) {
    weights
        .asMap()
        .forEach(
            (name, values) ->
                tensors.put(
                    CALLBACK + key + "/" + name, Tensor.of(new long[] {values.length}, values)));
  }

  static Checkpoint read(Path file) {
    Safetensors content = Safetensors.read(file);
    int version = version(file, content.metadata().get(CheckpointWeights.VERSION));
    Map<String, Tensor> tensors = new LinkedHashMap<>(content.tensors());
    CheckpointWeights.checkUndamaged(file, content);
    tensors.remove(CheckpointWeights.CHECKSUM);
    try {
      CheckpointJson.Content state =
          CheckpointJson.read(content.metadata().getOrDefault(STATE_KEY, ""), version);
      takeCallbacks(tensors, state.progress().callbacks());
      Map<String, String> model = new LinkedHashMap<>(content.metadata());
      model.keySet().removeAll(List.of(CheckpointWeights.VERSION, STATE_KEY));
      return new Checkpoint(version, state.progress(), state.configuration(), tensors, model);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new LaminaException(
          file + " is damaged: " + Messages.reason(e) + "; use another checkpoint");
    }
  }

  private static int version(Path file, @Nullable String text) {
    if (text == null) {
      throw new LaminaException(file + " is not a checkpoint; check that it is the right file");
    }
    if (!text.matches("[1-" + VERSION + "]")) {
      throw new LaminaException(
          "%s is of version %s, this Lamina reads versions 1 to %s; use the Lamina that wrote it"
              .formatted(file, Messages.singleLine(text), VERSION));
    }
    return Integer.parseInt(text);
  }

  /** Moves the weights of callbacks from the tensors to their states. */
  private static void takeCallbacks(
      Map<String, Tensor> tensors, Map<String, CallbackState> callbacks) {
    Map<String, Map<String, Map<String, float[]>>> all = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith(CALLBACK)) {
            String[] parts = name.split("/", 4);
            if (parts.length < 4) {
              throw new IllegalArgumentException(name + " is not a weight of a callback");
            }
            all.computeIfAbsent(parts[1], key -> new LinkedHashMap<>())
                .computeIfAbsent(parts[2], key -> new LinkedHashMap<>())
                .put(parts[3], tensor.floats());
          }
        });
    tensors.keySet().removeIf(name -> name.startsWith(CALLBACK));
    all.forEach(
        (name, weights) -> {
          CallbackState state = callbacks.computeIfAbsent(name, key -> new CallbackState());
          weights.forEach((key, values) -> state.put(key, Weights.of(values)));
        });
  }
}
