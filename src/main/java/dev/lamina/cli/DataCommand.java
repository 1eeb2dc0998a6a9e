package dev.lamina.cli;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.ChannelStatistics;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.train.Recipes;
import java.io.PrintWriter;
import java.nio.file.Path;
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
    subcommands = {DataCommand.Inspect.class, DataCommand.PreviewImages.class})
final class DataCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "data needs a command: inspect or preview");
  }

  static String describe(ImageData data) {
    return String.format(
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
      description = "Prints the number of images of each class, their size and their statistics.",
      mixinStandardHelpOptions = true)
  static final class Inspect implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private DataOption data = new DataOption();

    @Override
    public Integer call() {
      ImageData images = data.open();
      PrintWriter out = spec.commandLine().getOut();
      out.println(describe(images));
      int[] train = counts(images.train());
      int[] test = counts(images.test());
      int width = images.train().classNames().stream().mapToInt(String::length).max().orElse(0);
      out.printf("%-" + Math.max(5, width) + "s %8s %8s%n", "class", "train", "test");
      for (int label = 0; label < train.length; label++) {
        out.printf(
            "%-" + Math.max(5, width) + "s %8d %8d%n",
            images.train().classNames().get(label),
            train[label],
            test[label]);
      }
      ChannelStatistics statistics = ChannelStatistics.of(images.train());
      out.printf(
          "mean %s, standard deviation %s of the training pixels scaled to [0, 1]%n",
          numbers(statistics.mean()), numbers(statistics.std()));
      return 0;
    }

    private static int[] counts(ImageSet set) {
      int[] counts = new int[set.classes()];
      for (int label : set.labels()) {
        counts[label]++;
      }
      return counts;
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
      mixinStandardHelpOptions = true)
  static final class PreviewImages implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Mixin private DataOption data = new DataOption();

    @Option(
        names = "--out",
        paramLabel = "FILE",
        defaultValue = "preview.png",
        description = "the picture (default: ${DEFAULT-VALUE})")
    private Path out = Path.of("");

    @Override
    public Integer call() {
      Samples.write(data.open().train(), Recipes.get(Recipes.PUBLISHED).augmentations(), out);
      spec.commandLine().getOut().println("picture " + out);
      return 0;
    }
  }
}
