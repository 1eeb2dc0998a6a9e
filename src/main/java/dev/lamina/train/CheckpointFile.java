package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import com.google.common.io.MoreFiles;
import dev.lamina.data.AtomicFiles;
import dev.lamina.data.OneLine;
import dev.lamina.export.FormatException;
import dev.lamina.export.Safetensors;
import dev.lamina.export.Safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint as a safetensors file. The variables are tensors; the rest is JSON in the metadata.
 * The last tensor is the SHA-256 of all bytes before it.
 */
final class CheckpointFile {
  /** To be raised with every change of what the file holds. */
  private static final int VERSION = 1;

  private static final String VERSION_KEY = "lamina_checkpoint";
  private static final String STATE_KEY = "state";
  private static final String CHECKSUM = "sha256";
  private static final int CHECKSUM_BYTES = 32;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private record State(
      Map<String, String> configuration,
      long step,
      MetricSums.Sums sums,
      double seconds,
      List<Row> epochs) {
    /** Refuses what is null, at any depth, and what no run can have reached. */
    State {
      configuration = ImmutableMap.copyOf(configuration);
      epochs = ImmutableList.copyOf(epochs);
      Objects.requireNonNull(sums);
      checkArgument(step >= 0, "step must not be negative, got %s", step);
    }
  }

  /** An epoch; Jackson does not know Optional. */
  private record Row(
      int number,
      long steps,
      double loss,
      double accuracy,
      @Nullable Metrics validation,
      double learningRate,
      double momentum,
      double seconds) {
    static Row of(Epoch epoch) {
      return new Row(
          epoch.number(),
          epoch.steps(),
          epoch.loss(),
          epoch.accuracy(),
          epoch.validation().orElse(null),
          epoch.learningRate(),
          epoch.momentum(),
          epoch.seconds());
    }

    Epoch epoch() {
      return new Epoch(
          number,
          steps,
          loss,
          accuracy,
          Optional.ofNullable(validation),
          learningRate,
          momentum,
          seconds);
    }
  }

  private CheckpointFile() {}

  static void write(Path file, Checkpoint checkpoint) {
    Checkpoint.Progress progress = checkpoint.progress();
    State state =
        new State(
            checkpoint.configuration(),
            progress.step(),
            progress.sums(),
            progress.seconds(),
            progress.history().epochs().stream().map(Row::of).toList());
    Map<String, Tensor> tensors = new LinkedHashMap<>(checkpoint.tensors());
    // Of the narrowest type and put in last, so it is the last one in the file.
    tensors.put(CHECKSUM, Tensor.of(new byte[CHECKSUM_BYTES]));
    try {
      Map<String, String> metadata = new LinkedHashMap<>();
      metadata.put(VERSION_KEY, Integer.toString(VERSION));
      metadata.put(STATE_KEY, JSON.writeValueAsString(state));
      List<ByteBuffer> pieces = new ArrayList<>(new Safetensors(tensors, metadata).pieces());
      pieces.remove(pieces.size() - 1);
      Hasher hasher = Hashing.sha256().newHasher();
      pieces.forEach(piece -> hasher.putBytes(piece.duplicate()));
      pieces.add(ByteBuffer.wrap(hasher.hash().asBytes()));
      AtomicFiles.write(file, pieces);
    } catch (IOException e) {
      throw new UncheckedIOException(file + " could not be written (" + e + ")", e);
    }
  }

  static Checkpoint read(Path file) {
    Safetensors content = Safetensors.read(file);
    String version = content.metadata().get(VERSION_KEY);
    if (version == null) {
      throw new FormatException(file + " is no checkpoint; check that it is the right file");
    }
    if (!version.equals(Integer.toString(VERSION))) {
      throw new FormatException(
          file
              + " is of version "
              + OneLine.of(version)
              + ", this Lamina reads version "
              + VERSION
              + "; use the Lamina that wrote it");
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>(content.tensors());
    Tensor sum = tensors.remove(CHECKSUM);
    if (sum == null || !sum.data().equals(ByteBuffer.wrap(checksum(file)))) {
      throw new FormatException(file + " is damaged: its checksum differs; use another checkpoint");
    }
    try {
      State state = JSON.readValue(content.metadata().getOrDefault(STATE_KEY, ""), State.class);
      if (state == null) {
        throw noState(file);
      }
      History history = new History(state.epochs().stream().map(Row::epoch).toList());
      return new Checkpoint(
          new Checkpoint.Progress(state.step(), state.sums(), state.seconds(), history),
          state.configuration(),
          tensors);
    } catch (JsonProcessingException e) {
      throw noState(file);
    }
  }

  private static FormatException noState(Path file) {
    return new FormatException(file + " is damaged: it has no state; use another checkpoint");
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
}
