package dev.lamina.cli;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.Finding;
import dev.lamina.data.ImageData;
import dev.lamina.data.Inspection;
import dev.lamina.report.Samples;
import dev.lamina.train.Recipes;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
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

    @Override
    public Integer call() {
      ImageData images = data.open(resize.resolve());
      PrintWriter out = spec.commandLine().getOut();
      out.println(describe(images));
      printClasses(images, out);
      ChannelStatistics statistics = ChannelStatistics.of(images.train());
      out.printf(
          Locale.ROOT,
          "mean %s, standard deviation %s of the training pixels scaled to [0, 1]%n",
          numbers(statistics.mean()),
          numbers(statistics.std()));
      images.notes().forEach(out::println);
      List<Finding> findings =
          data.isImageFolder() ? Inspection.of(images, Path.of(data.data)) : Inspection.of(images);
      findings.forEach(finding -> out.println("found: " + finding));
      return 0;
    }

    private static void printClasses(ImageData images, PrintWriter out) {
      int[] train = ImageData.counts(images.train());
      int[] test = ImageData.counts(images.test());
      List<String> names = images.train().classNames();
      int width = Math.max(5, names.stream().mapToInt(String::length).max().orElse(0));
      out.printf(Locale.ROOT, "%-" + width + "s %8s %8s%n", "class", "train", "test");
      for (int label = 0; label < train.length; label++) {
        out.printf(
            Locale.ROOT, "%-" + width + "s %8d %8d%n", names.get(label), train[label], test[label]);
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
      description = "Draws images of each class beside augmented versions as a PNG file.",
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
      Samples.write(
          data.open(resize.resolve()).train(), Recipes.get(Recipes.PUBLISHED).augmentations(), out);
      spec.commandLine().getOut().println("picture " + out);
      return 0;
    }
  }
}
