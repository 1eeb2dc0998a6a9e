package dev.lamina.cli;

import dev.lamina.data.ImageData;
import dev.lamina.graph.Device;
import dev.lamina.model.Model;
import dev.lamina.report.LearningRates;
import dev.lamina.report.Plots;
import dev.lamina.train.LearningRateFinder;
import dev.lamina.train.LearningRateFinder.Curve;
import dev.lamina.train.Recipe;
import dev.lamina.train.Recipes;
import dev.lamina.zoo.Pretrained;
import dev.lamina.zoo.Zoo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Looks for a learning rate. */
@Command(
    name = "find-lr",
    description =
        "Trains for some steps while the learning rate grows, draws the curve of the loss, and suggests a peak learning"
            + " rate (Smith's range test). Takes the options of 'lamina train' for data, network, weights and recipe.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina find-lr --data photos --image-size 64",
      "  lamina find-lr --from runs/2026-11-26-120000 --data photos --steps 50"
    })
final class FindLearningRateCommand implements Callable<Integer> {
  /** The options that train does not have. */
  private static final Set<String> OWN = Set.of("--min", "--max", "--steps", "--out");

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DataOption data = new DataOption();
  @Mixin private ResizeOption resize = new ResizeOption();
  @Mixin private NetworkOption network = new NetworkOption();
  @Mixin private StartOption start = new StartOption();
  @Mixin private RecipeOption recipeOption = new RecipeOption();
  @Mixin private PrecisionOption precision = new PrecisionOption();
  @Mixin private DeviceOption deviceOption = new DeviceOption();

  @Option(
      names = "--min",
      paramLabel = "RATE",
      defaultValue = "1e-6",
      description = "the learning rate of the first step (default: ${DEFAULT-VALUE})")
  private double min;

  @Option(
      names = "--max",
      paramLabel = "RATE",
      defaultValue = "10",
      description = "the learning rate of the last step (default: ${DEFAULT-VALUE})")
  private double max;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "100",
      description = "the number of steps; fewer if the loss diverges (default: ${DEFAULT-VALUE})")
  private int steps;

  @Option(
      names = "--out",
      paramLabel = "PATH",
      defaultValue = "learning-rates",
      description = "where the curve goes: PATH.csv and PATH.png (default: ${DEFAULT-VALUE})")
  private Path out = Path.of("");

  @Override
  public Integer call() {
    if (spec.commandLine().getParseResult().hasMatchedOption("--learning-rate")) {
      throw new ParameterException(
          spec.commandLine(), "--learning-rate must not be given: it is what find-lr looks for");
    }
    LearningRateFinder finder = LearningRateFinder.of(min, max).steps(steps);
    start.check();
    recipeOption.check();
    Device device = deviceOption.resolve();
    Optional<Pretrained> weights = start.fetch(data.cache);
    ImageData images = data.open(resize.resolve(start.preprocessing(data, weights)));
    String name =
        recipeOption.choose(ConfigFile.none(), data, images.train(), start.given()).name();
    Recipe recipe =
        start
            .freeze(recipeOption.change(Recipes.get(name)))
            .precision(Optional.of(precision.resolve(device)));
    Zoo.Builder builder = start.builder(network, weights, images.train(), name);
    try (Model model = start.model(builder, images.train(), recipe.seed(), device)) {
      print("data       %s: %s", data.data, DataCommand.describe(images));
      print("device     %s", device);
      Curve curve = finder.find(model, images.train(), recipe);
      report(curve);
    }
    return 0;
  }

  private void report(Curve curve) {
    Path csv = out.resolveSibling(out.getFileName() + ".csv");
    Path png = out.resolveSibling(out.getFileName() + ".png");
    int taken = curve.points().size();
    print(
        "steps      %d of %d, up to learning rate %.3g%s",
        taken,
        steps,
        curve.points().get(taken - 1).learningRate(),
        taken < steps ? ", where the loss diverged" : "");
    if (curve.hasSuggestion()) {
      print("suggestion %.2g", curve.suggestion());
      spec.commandLine().getOut().println("train      " + trainCommand(curve));
    } else {
      print(
          "suggestion none: it would be %.2g, below the rates that were tested; give a smaller --min, or more --steps",
          curve.suggestion());
    }
    boolean asked = spec.commandLine().getParseResult().hasMatchedOption("--out");
    if (Extra.write(spec, "curve", asked, () -> LearningRates.write(curve, csv))) {
      print("curve      %s", csv);
    }
    if (Extra.write(spec, "plot", asked, () -> Plots.writeLearningRates(curve, png))) {
      print("plot       %s", png);
    }
  }

  /** Returns the command that trains with the suggestion and the same options. */
  private String trainCommand(Curve curve) {
    List<Object> words = new ArrayList<>(List.of("train"));
    for (OptionSpec option : spec.commandLine().getParseResult().matchedOptionsSet()) {
      if (!OWN.contains(option.longestName())) {
        if (option.arity().max() == 0) {
          words.add(option.longestName());
        } else {
          for (String value : option.originalStringValues()) {
            words.addAll(List.of(option.longestName(), value));
          }
        }
      }
    }
    words.add("--learning-rate");
    words.add(String.format(Locale.ROOT, "%.2g", curve.suggestion()));
    return CommandLines.lamina(words);
  }

  private void print(String format, Object... values) {
    TextLines.print(spec.commandLine().getOut(), format, values);
  }
}
