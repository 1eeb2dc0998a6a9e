package dev.lamina.cli;

import dev.lamina.data.Preprocessing;
import dev.lamina.format.SavedModelReader;
import dev.lamina.format.WeightsFile;
import dev.lamina.graph.Device;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import dev.lamina.train.Checkpoints;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that chooses a trained model. */
final class ModelOption {
  @Option(
      names = "--run",
      paramLabel = "PATH",
      description =
          "a run, an export, a file of weights or a checkpoint; of a run also RUN@best, RUN@last or RUN@STEP (default: the"
              + " newest run)")
  private @Nullable Path given;

  /** Returns the path that was given, or the newest run. */
  Path path() {
    return RunFolders.find(given);
  }

  /** Loads the model with its final weights. */
  Model load(Device device) {
    return Model.load(source(path()), device);
  }

  /** Returns the run that a path names, or names a checkpoint of; empty if it is anything else. */
  static Optional<Path> run(Path path) {
    Path folder = RunReference.of(path).map(RunReference::run).orElse(path);
    Path ofCheckpoint = path.toAbsolutePath().resolve("../..").normalize();
    return Stream.of(folder, ofCheckpoint).filter(RunConfig::isRun).findFirst();
  }

  /** Returns the metadata of a model, with that of the run if it was loaded from a checkpoint. */
  static Map<String, String> metadata(Path path, Model model) {
    Map<String, String> metadata = new LinkedHashMap<>();
    if (model.metadata().containsKey("step")) {
      run(path).ifPresent(run -> metadata.putAll(RunConfig.read(run).metadata()));
    }
    metadata.putAll(model.metadata());
    return metadata;
  }

  /** Returns a note on the weights of a run that goes on or was interrupted; empty for others. */
  static Optional<String> unfinished(Path path, Map<String, String> metadata) {
    if (!RunConfig.isRun(path) || RunConfig.isComplete(metadata)) {
      return Optional.empty();
    }
    // By their names: what asks need not read them, and must not fail if they are damaged.
    SortedMap<Long, Path> checkpoints = Checkpoints.files(path);
    String checkpoint =
        checkpoints.isEmpty() ? "no checkpoint" : "checkpoint after step " + checkpoints.lastKey();
    return Optional.of(checkpoint + ": these are not its final weights");
  }

  /** Warns of the weights of a run that goes on or was interrupted. */
  static void warnIfUnfinished(Path path, Map<String, String> metadata, PrintWriter err) {
    unfinished(path, metadata)
        .ifPresent(note -> TextLines.printError(err, "lamina: %s is unfinished, %s", path, note));
  }

  /** Returns what {@link Model#load(Path)} reads: the weights of a run, the newest export. */
  static Path source(Path path) {
    Optional<RunReference> reference = RunReference.of(path);
    if (reference.isPresent()) {
      return reference.get().file();
    }
    if (RunConfig.isRun(path)) {
      RunConfig.read(path);
      if (!Files.exists(RunConfig.weights(path))) {
        throw new LaminaException(
            "%s has no weights yet: its first epoch was not completed; continue it with: %s"
                .formatted(path, CommandLines.lamina(List.of("train", "--resume", path))));
      }
      return RunConfig.weights(path);
    }
    return Files.isDirectory(path)
        ? SavedModelReader.newest(path)
            .orElseThrow(
                () ->
                    new LaminaException(
                        path
                            + " is not a run or an export: it has no config.json and no saved_model.pb; name the"
                            + " folder that 'lamina train' printed"))
        : path;
  }

  /** Returns how the images were prepared that a model was trained on. */
  static Preprocessing preprocessing(Path path) {
    Path source = source(path);
    Optional<Preprocessing> ofRun = run(path).flatMap(run -> RunConfig.read(run).preprocessing());
    if (ofRun.isPresent()) {
      return ofRun.get();
    }
    return (Files.isDirectory(source) ? SavedModelReader.read(source) : WeightsFile.read(source))
        .preprocessing();
  }
}
