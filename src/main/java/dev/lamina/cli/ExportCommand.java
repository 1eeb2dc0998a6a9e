package dev.lamina.cli;

import dev.lamina.graph.Device;
import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a run's model for other runtimes. */
@Command(
    name = "export",
    description = "Writes the model of a run as a SavedModel, or as an ONNX file.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina export served/1",
      "  lamina export --run runs/2026-11-26-120000 model.onnx"
    })
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "TARGET",
      description =
          "the SavedModel's new folder, for serving NAME/1; "
              + "or an ONNX file, whose name ends with .onnx")
  private Path target = Path.of("");

  @Mixin private ModelOption trained = new ModelOption();

  @Override
  public Integer call() {
    boolean onnx = target.toString().toLowerCase(Locale.ROOT).endsWith(".onnx");
    Path path = trained.path();
    try (Model model = Model.load(ModelOption.source(path), Device.cpu())) {
      Map<String, String> metadata = ModelOption.metadata(path, model);
      if (onnx) {
        model.exportOnnx(target, metadata);
      } else {
        model.export(target, metadata);
      }
    }
    spec.commandLine().getOut().println((onnx ? "ONNX " : "SavedModel ") + target);
    return 0;
  }
}
