package dev.lamina.cli;

import dev.lamina.data.ImageSet;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Evaluates a run on the test images. */
@Command(
    name = "evaluate",
    description = "Evaluates a run on test images: accuracy, loss and confusion matrix.",
    mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();

  @Option(names = "--run", paramLabel = "DIR", description = "the run (default: the newest)")
  private @Nullable Path run;

  @Override
  public Integer call() {
    Path folder = RunFolders.find(run);
    // The images of the run, unless --data is given.
    RunConfig config = RunConfig.read(folder);
    ImageSet images =
        (DataOption.given(spec) ? data.open() : data.open(config.data(), config.stream())).test();
    if (!images.classNames().equals(config.classNames())) {
      throw new LaminaException(
          String.format(
              "classes of the images must be those of the run %s, got %s; name its images with --data",
              config.classNames(), images.classNames()));
    }
    try (Model model = RunConfig.load(folder)) {
      Evaluation test = model.evaluate(images);
      spec.commandLine()
          .getOut()
          .printf(
              Locale.ROOT,
              "%stest loss %.4f%ntest accuracy %.4f%n",
              test.table(),
              test.loss(),
              test.accuracy());
    }
    return 0;
  }
}
