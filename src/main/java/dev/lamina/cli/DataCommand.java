package dev.lamina.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.Finding;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Inspection;
import dev.lamina.io.DisplayWidth;
import dev.lamina.report.Samples;
import dev.lamina.train.Recipes;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Shows the images of a data set. */
@Command(
    name = "data",
    description = "Looks at images before they are trained on.",
    mixinStandardHelpOptions = true,
    subcommands = {DataCommand.Inspect.class, DataCommand.PreviewImages.class},
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina data inspect --data photos"})
final class DataCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "data needs a command: inspect or preview");
  }

  static String describe(ImageData data) {
    return String.format(
        Locale.ROOT,
        "%d training%s and %d test images, %d x %d x %d, %d classes",
        data.train().size(),
        data.validation().map(images -> ", " + images.size() + " validation").orElse(""),
        data.test().size(),
        data.train().height(),
        data.train().width(),
        data.train().channels(),
        data.train().classes());
  }

  @Command(
      name = "inspect",
      description =
          "Prints the number of images of each class, their size and their statistics; what was left out and why;"
              + " duplicates, uneven classes and what to do about them.",
      mixinStandardHelpOptions = true,
      footerHeading = Main.EXAMPLES,
      footer = {"  lamina data inspect --data photos"})
  static final class Inspect implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private DataOption data = new DataOption();
    @Mixin private ResizeOption resize = new ResizeOption();

    @Option(names = "--json", description = "print one JSON object instead of text")
    private boolean json;

    /** The width of the two numbers behind the name of a class. */
    private static final int COUNTS = 18;

    @Override
    public Integer call() {
      ImageData images = data.open(resize.resolve());
      ChannelStatistics statistics = ChannelStatistics.of(images.train());
      List<Finding> findings =
          data.isImageFolder() ? Inspection.of(images, Path.of(data.data)) : Inspection.of(images);
      if (json) {
        ObjectNode object = json(images, statistics, findings).put("data", data.data);
        spec.commandLine().getOut().println(object);
      } else {
        print(images, statistics, findings);
      }
      return 0;
    }

    private void print(ImageData images, ChannelStatistics statistics, List<Finding> findings) {
      PrintWriter out = spec.commandLine().getOut();
      TextLines.print(out, "%s", describe(images));
      printClasses(images, out);
      TextLines.print(
          out,
          "mean %s, standard deviation %s of the training pixels scaled to [0, 1]",
          numbers(statistics.mean()),
          numbers(statistics.std()));
      images.notes().forEach(note -> TextLines.print(out, "%s", note));
      findings.forEach(finding -> TextLines.print(out, "found: %s", finding));
    }

    private static ObjectNode json(
        ImageData images, ChannelStatistics statistics, List<Finding> findings) {
      Map<String, ImageSet> parts = new LinkedHashMap<>();
      parts.put("train", images.train());
      images.validation().ifPresent(part -> parts.put("validation", part));
      parts.put("test", images.test());
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      ObjectNode sizes = json.putObject("images");
      parts.forEach((name, part) -> sizes.put(name, part.size()));
      json.put("height", images.train().height());
      json.put("width", images.train().width());
      json.put("channels", images.train().channels());
      ArrayNode classes = json.putArray("classes");
      images.train().classNames().forEach(name -> classes.addObject().put("name", name));
      parts.forEach(
          (name, part) -> {
            int[] counts = ImageData.counts(part);
            for (int label = 0; label < counts.length; label++) {
              ((ObjectNode) classes.get(label)).put(name, counts[label]);
            }
          });
      statistics.mean().forEach(json.putArray("mean")::add);
      statistics.std().forEach(json.putArray("std")::add);
      images.notes().forEach(json.putArray("notes")::add);
      ArrayNode found = json.putArray("findings");
      for (Finding finding : findings) {
        found.addObject().put("what", finding.what()).put("advice", finding.advice());
      }
      return json;
    }

    private static void printClasses(ImageData images, PrintWriter out) {
      int[] train = ImageData.counts(images.train());
      int[] test = ImageData.counts(images.test());
      List<String> names = images.train().classNames();
      int longest = names.stream().mapToInt(DisplayWidth::of).max().orElse(0);
      int width = Math.max(5, Math.min(longest, TerminalWidth.columns() - COUNTS));
      out.printf(Locale.ROOT, "%s %8s %8s%n", DisplayWidth.fit("class", width), "train", "test");
      for (int label = 0; label < train.length; label++) {
        out.printf(
            Locale.ROOT,
            "%s %8d %8d%n",
            DisplayWidth.fit(names.get(label), width),
            train[label],
            test[label]);
      }
    }

    private static String numbers(ImmutableDoubleArray values) {
      StringBuilder text = new StringBuilder();
      for (double value : values.asList()) {
        text.append(text.isEmpty() ? "" : " ").append(String.format(Locale.ROOT, "%.4f", value));
      }
      return text.toString();
    }
  }

  @Command(
      name = "preview",
      description =
          "Draws an image of each of up to ten classes beside augmented versions as a PNG file.",
      mixinStandardHelpOptions = true,
      footerHeading = Main.EXAMPLES,
      footer = {"  lamina data preview --data photos --out preview.png"})
  static final class PreviewImages implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private DataOption data = new DataOption();
    @Mixin private ResizeOption resize = new ResizeOption();

    @Option(
        names = "--out",
        paramLabel = "FILE",
        defaultValue = "preview.png",
        description = "the picture (default: ${DEFAULT-VALUE})")
    private Path out = Path.of("");

    @Override
    public Integer call() {
      ImageSet train = data.open(resize.resolve()).train();
      String recipe = RecipeOption.chosenFor(data, train, false).name();
      Samples.write(train, Recipes.get(recipe).augmentations(), out);
      PrintWriter printed = spec.commandLine().getOut();
      printed.println("recipe  " + recipe);
      printed.println("picture " + out);
      return 0;
    }
  }
}
