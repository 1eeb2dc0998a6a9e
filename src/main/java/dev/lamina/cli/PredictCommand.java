package dev.lamina.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.Lists;
import com.google.common.io.MoreFiles;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.model.GradCam;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import dev.lamina.report.HeatMaps;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
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
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina predict cat.jpg dog.jpg",
      "  lamina predict --run export/1 --top 5 cat.jpg"
    })
final class PredictCommand implements Callable<Integer> {
  /** The number of images that are held in memory at once; the answers follow in the same parts. */
  private static final int AT_ONCE = 256;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "image files of any size")
  private List<Path> images = List.of();

  @Mixin private ModelOption trained = new ModelOption();
  @Mixin private DeviceOption device = new DeviceOption();

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "3",
      description = "how many classes to name (default: ${DEFAULT-VALUE})")
  private int top;

  @Option(
      names = "--explain",
      paramLabel = "DIR",
      description =
          "also write for each image a PNG file into this folder: the image, and on it a heat map of the parts that count"
              + " for the first class (Grad-CAM)")
  private @Nullable Path explain;

  @Option(names = "--json", description = "print one JSON object for each image, a line each")
  private boolean json;

  private final Set<Path> unreadable = new HashSet<>();

  @Override
  public Integer call() {
    if (top < 1) {
      throw new IllegalArgumentException("top must be positive, got " + top);
    }
    Path path = trained.path();
    try (Model model = Model.load(ModelOption.source(path), device.resolve())) {
      ModelOption.warnIfUnfinished(path, model.metadata(), spec.commandLine().getErr());
      int status = 0;
      for (List<Path> some : Lists.partition(images, AT_ONCE)) {
        status = Math.max(status, predict(model, some));
      }
      if (explain != null) {
        explain(model, explain);
      }
      return status;
    }
  }

  /** Draws the heat maps of the images that could be read. */
  private void explain(Model model, Path folder) {
    Set<String> used = new HashSet<>();
    try (GradCam gradCam = GradCam.of(model)) {
      for (Path image : images) {
        if (unreadable.contains(image)) {
          continue;
        }
        // Never the name of the image itself, which may lie in this folder.
        String stem = MoreFiles.getNameWithoutExtension(image) + "-explained";
        String name = stem;
        for (int i = 2; !used.add(name); i++) {
          name = stem + "-" + i;
        }
        HeatMaps.write(gradCam.explain(image), folder.resolve(name + ".png"));
      }
    }
    if (!json) {
      TextLines.print(spec.commandLine().getOut(), "heat maps  %s", folder);
    }
  }

  /** Predicts images at once or, if one cannot be read, each by itself. */
  private int predict(Model model, List<Path> some) {
    try {
      print(some, model.predict(some));
      return 0;
    } catch (LaminaException e) {
      int status = 0;
      for (Path image : some) {
        try {
          print(List.of(image), List.of(model.predict(image)));
        } catch (LaminaException bad) {
          status = Main.USER_ERROR;
          unreadable.add(image);
          TextLines.printError(spec.commandLine().getErr(), "lamina: %s", bad.getMessage());
        }
      }
      return status;
    }
  }

  private void print(List<Path> files, List<Prediction> predictions) {
    for (int i = 0; i < files.size(); i++) {
      List<Prediction.Candidate> candidates = predictions.get(i).top(top);
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(json(files.get(i), candidates));
      } else {
        TextLines.print(out, "%s", text(files.get(i), candidates));
      }
    }
  }

  private static String text(Path file, List<Prediction.Candidate> candidates) {
    return candidates.stream()
        .map(Prediction.Candidate::toString)
        .collect(Collectors.joining(", ", Messages.printable(file) + ": ", ""));
  }

  private static ObjectNode json(Path file, List<Prediction.Candidate> candidates) {
    ObjectNode object = JsonNodeFactory.instance.objectNode().put("image", file.toString());
    ArrayNode classes = object.putArray("classes");
    for (Prediction.Candidate candidate : candidates) {
      classes
          .addObject()
          .put("name", candidate.label())
          .put("probability", candidate.probability());
    }
    return object;
  }
}
