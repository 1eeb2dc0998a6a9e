package dev.lamina.cli;

import dev.lamina.format.SavedModelReader;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option that chooses a trained model. */
final class ModelOption {
  @Option(
      names = "--run",
      paramLabel = "PATH",
      description = "a run, an export or a weights file (default: the newest run)")
  private @Nullable Path given;

  /** Returns the path that was given, or the newest run. */
  Path path() {
    return RunFolders.find(given);
  }

  /** Loads the model with its final weights. */
  Model load() {
    return Model.load(source(path()));
  }

  /** Returns what {@link Model#load(Path)} reads: the weights of a run, the newest export. */
  static Path source(Path path) {
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
}
