package dev.lamina.cli;

import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a run's model for other runtimes. */
@Command(
    name = "export",
    description = "Writes the model of a run as a SavedModel, or as an ONNX file.",
    mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "TARGET",
      description = {
        "the SavedModel's new folder, for serving NAME/1;",
        "or an ONNX file, whose name ends with .onnx"
      })
  private Path target = Path.of("");

  @Option(names = "--run", paramLabel = "DIR", description = "the run (default: the newest)")
  private @Nullable Path run;

  @Override
  public Integer call() {
    boolean onnx = target.toString().endsWith(".onnx");
    try (Model model = RunConfig.load(RunFolders.find(run))) {
      if (onnx) {
        model.exportOnnx(target, model.metadata());
      } else {
        model.export(target, model.metadata());
      }
    }
    spec.commandLine().getOut().println((onnx ? "ONNX " : "SavedModel ") + target);
    return 0;
  }
}
