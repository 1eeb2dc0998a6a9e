package dev.lamina.cli;

import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Classifies images. */
@Command(
    name = "predict",
    description = "Says what image files show, by the model of a run or an export.",
    mixinStandardHelpOptions = true)
final class PredictCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "image files of any size")
  private List<Path> images = List.of();

  @Mixin private ModelOption trained = new ModelOption();

  @Option(
      names = "--top",
      defaultValue = "3",
      description = "how many classes to name (default: ${DEFAULT-VALUE})")
  private int top;

  @Override
  public Integer call() {
    if (top < 1) {
      throw new IllegalArgumentException("top must be positive, got " + top);
    }
    try (Model model = trained.load()) {
      return predict(model);
    }
  }

  /** Predicts all images at once or, if one cannot be read, each by itself. */
  private int predict(Model model) {
    try {
      print(images, model.predict(images));
      return 0;
    } catch (LaminaException e) {
      int status = 0;
      for (Path image : images) {
        try {
          print(List.of(image), List.of(model.predict(image)));
        } catch (LaminaException bad) {
          status = Main.USER_ERROR;
          spec.commandLine().getErr().println("lamina: " + bad.getMessage());
        }
      }
      return status;
    }
  }

  private void print(List<Path> files, List<Prediction> predictions) {
    for (int i = 0; i < files.size(); i++) {
      spec.commandLine()
          .getOut()
          .printf(
              Locale.ROOT,
              "%s: %s%n",
              files.get(i),
              predictions.get(i).top(top).stream()
                  .map(Prediction.Candidate::toString)
                  .collect(Collectors.joining(", ")));
    }
  }
}
