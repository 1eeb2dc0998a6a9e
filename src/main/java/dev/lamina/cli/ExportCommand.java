package dev.lamina.cli;

import com.google.common.base.Ascii;
import com.google.common.io.MoreFiles;
import dev.lamina.graph.Device;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a run's model for other runtimes. */
@Command(
    name = "export",
    description = "Writes the model of a run as a SavedModel, an ONNX file or a file of weights.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina export served/1",
      "  lamina export --run runs/2026-11-26-120000 model.onnx"
    })
final class ExportCommand implements Callable<Integer> {
  /** Endings of files that other libraries write, and that nobody means as names of folders. */
  private static final Set<String> OTHER_FORMATS =
      Set.of("bin", "ckpt", "engine", "h5", "keras", "mlmodel", "pb", "pt", "pth", "tflite", "zip");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "TARGET",
      description =
          "the SavedModel's new folder, for serving NAME/1; or an ONNX file, whose name ends with"
              + " .onnx; or a file of weights, whose name ends with .safetensors")
  private Path target = Path.of("");

  @Mixin private ModelOption trained = new ModelOption();

  @Override
  public Integer call() {
    String ending = Ascii.toLowerCase(MoreFiles.getFileExtension(target));
    if (OTHER_FORMATS.contains(ending)) {
      throw new LaminaException(
          "the target must be a folder for a SavedModel, or end with .onnx or .safetensors, got "
              + target);
    }
    Path file = target.toAbsolutePath().normalize();
    Path folder = file.resolveSibling("");
    if (RunConfig.isRun(folder)
        && (file.equals(RunConfig.weights(folder)) || file.equals(RunConfig.initial(folder)))) {
      throw new LaminaException(
          "the target must not be a file that a run keeps, got "
              + target
              + "; choose another name");
    }
    Path path = trained.path();
    try (Model model = Model.load(ModelOption.source(path), Device.cpu())) {
      Map<String, String> metadata = ModelOption.metadata(path, model);
      ModelOption.warnIfUnfinished(path, metadata, spec.commandLine().getErr());
      String form =
          switch (ending) {
            case "onnx" -> {
              model.exportOnnx(target, metadata);
              yield "ONNX";
            }
            case "safetensors" -> {
              model.saveWeights(target, metadata);
              yield "weights";
            }
            default -> {
              model.export(target, metadata);
              yield "SavedModel";
            }
          };
      spec.commandLine().getOut().println(form + " " + target);
    }
    return 0;
  }
}
