package dev.lamina.cli;

import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.train.Checkpoints;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Evaluates a trained model on the test images. */
@Command(
    name = "evaluate",
    description =
        "Evaluates a run or an export on test images: accuracy, loss and confusion matrix.",
    mixinStandardHelpOptions = true)
final class EvaluateCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private ModelOption trained = new ModelOption();

  @Override
  public Integer call() {
    Path path = trained.path();
    try (Model model = Model.load(ModelOption.source(path))) {
      String name = imagesOf(path, model.metadata());
      ImageSet images = data.open(name, streams(path), preprocessing(name, model)).test();
      if (!images.classNames().equals(model.classNames())) {
        throw new LaminaException(
            "classes of the images must be those of the run %s, got %s; name its images with --data"
                .formatted(model.classNames(), images.classNames()));
      }
      describe(path, model.metadata());
      print("images     the %s test images of %s", images.size(), name);
      Evaluation test = model.evaluate(images);
      print("%stest loss %.4f%ntest accuracy %.4f", test.table(), test.loss(), test.accuracy());
    }
    return 0;
  }

  /** Returns the images that were given or, if none were, those that the model was trained on. */
  private String imagesOf(Path path, Map<String, String> metadata) {
    if (DataOption.given(spec)) {
      return data.data;
    }
    if (RunConfig.isRun(path)) {
      return RunConfig.read(path).data();
    }
    String name = metadata.get("data");
    if (name == null) {
      throw new LaminaException(
          path + " does not say which images it was trained on; name images with --data");
    }
    return name;
  }

  /** Image files are prepared as those that the model was trained on. */
  private static Optional<Preprocessing> preprocessing(String name, Model model) {
    return DataOption.isImageFolder(name) ? Optional.of(model.preprocessing()) : Optional.empty();
  }

  private boolean streams(Path path) {
    boolean ofRun = !DataOption.given(spec) && RunConfig.isRun(path);
    return data.stream || (ofRun && RunConfig.read(path).stream());
  }

  /** Prints which weights are evaluated. */
  private void describe(Path path, Map<String, String> metadata) {
    print("model      %s", path);
    if (metadata.containsKey("network")) {
      print(
          "network    %s%s",
          metadata.containsKey(RunConfig.FINE_TUNED) ? "fine-tuned from " : "",
          metadata.get("network"));
    }
    if (metadata.containsKey("epoch")) {
      print("weights    %s", weights(metadata));
    }
    if (RunConfig.isRun(path) && !metadata.containsKey("test_accuracy")) {
      print(
          "unfinished %s: these are not its final weights; continue with %s",
          Checkpoints.newest(path)
              .map(checkpoint -> "checkpoint after step " + checkpoint.step())
              .orElse("no checkpoint"),
          CommandLines.lamina(List.of("train", "--resume", path)));
    }
  }

  private static String weights(Map<String, String> metadata) {
    if ("0".equals(metadata.get("epoch"))) {
      return "of before the end of the first epoch: training diverged";
    }
    String accuracy = metadata.get("validation_accuracy");
    return "of epoch %s of %s, %s"
        .formatted(
            metadata.get("epoch"),
            metadata.get("epochs"),
            accuracy == null ? "the last" : "the best by validation accuracy (" + accuracy + ")");
  }

  private void print(String format, Object... values) {
    spec.commandLine().getOut().printf(Locale.ROOT, format + "%n", values);
  }
}
