package dev.lamina.cli;

import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Classifies images. */
@Command(
    name = "predict",
    description = "Says what image files show, by the model of a run.",
    mixinStandardHelpOptions = true)
final class PredictCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "PNG or JPEG files")
  private List<Path> images = List.of();

  @Option(names = "--run", paramLabel = "DIR", description = "the run (default: the newest)")
  private @Nullable Path run;

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
    try (Model model = RunConfig.load(RunFolders.find(run))) {
      List<Prediction> predictions = model.predict(images);
      for (int i = 0; i < predictions.size(); i++) {
        spec.commandLine()
            .getOut()
            .printf(
                "%s: %s%n",
                images.get(i),
                predictions.get(i).top(top).stream()
                    .map(Prediction.Candidate::toString)
                    .collect(Collectors.joining(", ")));
      }
    }
    return 0;
  }
}
