package dev.lamina.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.TestImages;
import dev.lamina.io.DisplayWidth;
import dev.lamina.io.LaminaException;
import dev.lamina.metric.Metric;
import dev.lamina.metric.TopK;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.model.Tta;
import dev.lamina.report.EvaluationPictures;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IModelTransformer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Evaluates a trained model on the test images. */
@Command(
    name = "evaluate",
    description =
        "Evaluates a trained model on test images: precision, recall and F1 of each class, confusion matrix,"
            + " calibration, loss and accuracy; and draws the confusion matrix, the reliability diagram and the most"
            + " confident mistakes.",
    mixinStandardHelpOptions = true,
    modelTransformer = EvaluateCommand.OwnImages.class,
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina evaluate", "  lamina evaluate --run export/1 --data photos --json"})
final class EvaluateCommand implements Callable<Integer> {
  /** The metric beside accuracy, if there are more classes. */
  private static final int TOP = 5;

  /** The key of the hash of the images that a run was tested on. */
  static final String TEST_IMAGES = "test_images";

  /** Narrower terminals wrap. */
  private static final int MIN_COLUMNS = 40;

  /** Describes the images that are evaluated on if none are given. */
  static final class OwnImages implements IModelTransformer {
    @Override
    public CommandSpec transform(CommandSpec command) {
      OptionSpec images = command.findOption("--data");
      command.remove(images);
      return command.addOption(
          images.toBuilder()
              .description(DataOption.IMAGES + " (default: those that the model was trained on)")
              .build());
    }
  }

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private DeviceOption device = new DeviceOption();
  @Mixin private ModelOption trained = new ModelOption();

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description =
          "where the pictures go (default: the folder plots of a run that is evaluated on its own images, else none)")
  private @Nullable Path report;

  @Option(
      names = "--all-classes",
      description =
          "print all classes, not only the " + EvaluationTable.ROWS + " with the lowest F1")
  private boolean allClasses;

  @Option(
      names = "--json",
      description =
          "print one JSON object instead of text: all of the above with the confusion matrix")
  private boolean json;

  @Option(names = "--quiet", description = "print nothing but results and errors")
  private boolean quiet;

  @Option(
      names = "--tta",
      paramLabel = "NAME",
      description =
          "also evaluate with test-time augmentation, the mean of the logits of several views of each image: flip (the"
              + " image and its mirror image) or flip-shift (also shifted by one pixel; six views)")
  private @Nullable String tta;

  @Override
  public Integer call() {
    data.quiet = quiet;
    Optional<Tta> views = Optional.ofNullable(tta).map(Tta::get);
    Path path = trained.path();
    try (Model model = Model.load(ModelOption.source(path), device.resolve())) {
      Map<String, String> metadata = ModelOption.metadata(path, model);
      Optional<String> trainedOn = trainedOn(path, metadata);
      String name = imagesOf(path, trainedOn);
      boolean own = trainedOn.filter(other -> isSame(other, name)).isPresent();
      TestImages opened = data.openTest(name, own, streams(path), model);
      boolean divided = metadata.containsKey(TEST_IMAGES) && DataOption.isDivided(name);
      boolean copied = divided && !own && isCopy(opened.images(), metadata);
      ImageSet images = copied ? ImageData.testPart(opened.images()) : opened.images();
      if (!DataOption.given(spec) && !images.classNames().equals(model.classNames())) {
        throw new LaminaException(
            "classes of the images must be those of the run %s, got %s; name its images with --data"
                .formatted(model.classNames(), images.classNames()));
      }
      List<String> notes = new ArrayList<>(opened.report().notes());
      if (copied) {
        notes.add("a copy of the training images: those that were set aside are tested");
      }
      if (own && divided) {
        warnIfChanged(name, images, metadata);
      }
      if (!json && !quiet) {
        describe(path, metadata);
        notes.forEach(line -> print("images     %s", line));
        print("images     the %s test images of %s", images.size(), name);
        print("device     %s", model.device());
      }
      Evaluation test = model.evaluate(images, metrics(images));
      Optional<Evaluation> augmented = views.map(given -> model.evaluate(images, given));
      Optional<Path> pictures = pictures(path);
      boolean drawn = false;
      try {
        drawn = pictures.isPresent() && draw(test, images, pictures.get());
      } finally {
        if (json) {
          ObjectNode object = EvaluationJson.of(test);
          object.put("model", path.toString()).put("data", name);
          notes.forEach(object.putArray("notes")::add);
          augmented.ifPresent(with -> object.put("tta", tta).put("tta_accuracy", with.accuracy()));
          spec.commandLine().getOut().println(object);
        } else {
          print(test, augmented, drawn ? pictures : Optional.empty());
        }
      }
    }
    return 0;
  }

  private boolean draw(Evaluation test, ImageSet images, Path folder) {
    return Extra.write(
        spec, "picture", report != null, () -> EvaluationPictures.write(test, images, folder));
  }

  /** Warns if files were added to or removed from images that were divided. */
  private void warnIfChanged(String name, ImageSet images, Map<String, String> metadata) {
    if (!images.hash().equals(metadata.get(TEST_IMAGES))) {
      TextLines.printError(
          spec.commandLine().getErr(),
          "lamina: the test images of %s are not those of the run: its files have changed, so some may have been"
              + " trained on; put new images into a folder of their own and name it with --data",
          name);
    }
  }

  /** Returns whether all of these images are those that were divided for the training. */
  private static boolean isCopy(ImageSet images, Map<String, String> metadata) {
    return images.size() > images.classes() // Else there may be nothing to divide.
        && ImageData.testPart(images).hash().equals(metadata.get(TEST_IMAGES));
  }

  /** Returns the metrics beside loss and accuracy. */
  static Metric[] metrics(ImageSet images) {
    return images.classes() > TOP ? new Metric[] {TopK.of(TOP)} : new Metric[0];
  }

  private void print(Evaluation test, Optional<Evaluation> augmented, Optional<Path> pictures) {
    int columns = Math.max(MIN_COLUMNS, TerminalWidth.columns());
    print("%n%s", new EvaluationTable(test, columns).text(allClasses));
    String confusion = test.table();
    if (confusion.lines().mapToInt(DisplayWidth::of).max().orElse(0) <= columns) {
      print("true class in rows, predicted in columns%n%s", confusion);
    }
    pictures.ifPresent(folder -> print("pictures   %s", folder));
    test.metrics().forEach((name, value) -> print("%s %.4f", name.replace('_', ' '), value));
    print("calibration error %.4f", test.calibration().expectedError());
    augmented.ifPresent(
        with -> print("accuracy with test-time augmentation %.4f", with.accuracy()));
    print("test loss %.4f%ntest accuracy %.4f", test.loss(), test.accuracy());
  }

  /** Returns where the pictures go. Those of a run show its own test images. */
  private Optional<Path> pictures(Path path) {
    return report != null || DataOption.given(spec) || !RunConfig.isRun(path)
        ? Optional.ofNullable(report)
        : Optional.of(RunConfig.plots(path));
  }

  /** Returns the images that were given or, if none were, those that the model was trained on. */
  private String imagesOf(Path path, Optional<String> trainedOn) {
    if (DataOption.given(spec)) {
      return data.data;
    }
    return trainedOn.orElseThrow(
        () ->
            new LaminaException(
                path + " does not say which images it was trained on; name images with --data"));
  }

  private static Optional<String> trainedOn(Path path, Map<String, String> metadata) {
    return ModelOption.run(path)
        .map(run -> RunConfig.read(run).data())
        .or(() -> Optional.ofNullable(metadata.get("data")));
  }

  private static boolean isSame(String one, String other) {
    try {
      return one.equals(other) || ImageData.isSame(Path.of(one), Path.of(other));
    } catch (InvalidPathException e) {
      return false; // The path of another system.
    }
  }

  private boolean streams(Path path) {
    return data.stream
        || (!DataOption.given(spec)
            && ModelOption.run(path).map(run -> RunConfig.read(run).stream()).orElse(false));
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
    if (metadata.containsKey("step")) {
      print("weights    of the checkpoint after step %s", metadata.get("step"));
    } else if (metadata.containsKey("epoch")) {
      print("weights    %s", weights(metadata));
    }
    Optional<String> unfinished = ModelOption.unfinished(path, metadata);
    if (unfinished.isPresent()) {
      print("unfinished %s", unfinished.get());
      spec.commandLine()
          .getOut()
          .println("resume     " + CommandLines.lamina(List.of("train", "--resume", path)));
    }
  }

  private static String weights(Map<String, String> metadata) {
    if ("0".equals(metadata.get("epoch"))) {
      return "of before the end of the first epoch: training diverged";
    }
    String accuracy = metadata.get("validation_accuracy");
    StringBuilder text = new StringBuilder("of epoch ").append(metadata.get("epoch"));
    if (metadata.containsKey("epochs")) {
      text.append(" of ").append(metadata.get("epochs"));
    }
    if (accuracy != null) {
      text.append(", the best by validation accuracy (").append(accuracy).append(')');
    } else if (RunArtifacts.LAST.equals(metadata.get(RunArtifacts.CHOSEN_BY))) {
      text.append(", the last");
    }
    return text.toString();
  }

  private void print(String format, Object... values) {
    TextLines.print(spec.commandLine().getOut(), format, values);
  }
}
