package dev.lamina.cli;

import dev.lamina.format.OptionsJson;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.FolderLock;
import dev.lamina.io.LaminaException;
import dev.lamina.registry.Options;
import dev.lamina.train.Recipes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains once for every combination of listed values, each in a run folder of its own. */
@Command(
    name = "sweep",
    description =
        "Trains once for every combination of listed values, or for some random ones, and compares the runs as 'lamina"
            + " compare --sort' does. Started again, it keeps the runs that are finished and resumes the one that was"
            + " interrupted.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina sweep search.yaml", "  lamina sweep search.yaml --out sweeps/1"})
final class SweepCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "FILE",
      description =
          "a YAML or JSON file: base, the configuration of all runs, as for 'train --config'; values, a list for each key,"
              + " such as recipe.schedule.peak: [0.01, 0.05]; search, grid or random; trials and seed of a random search")
  private Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "the folder of the runs and of compare.html (default: runs/NAME, by the name of the file)")
  private @Nullable Path out;

  @Mixin private DeviceOption device = new DeviceOption();

  @Override
  @SuppressWarnings("try") // The lock is held, not used.
  public Integer call() {
    device.resolve();
    Sweep sweep = Sweep.read(file);
    Path folder = out == null ? Path.of("runs", withoutExtension(file)) : out;
    try (FolderLock lock = FolderLock.of(folder)) {
      List<Path> configs = write(sweep, folder);
      for (int i = 0; i < configs.size(); i++) {
        Path run = run(configs.get(i));
        if (!isFinished(run)) {
          print(
              "trial      %d of %d: %s",
              i + 1, configs.size(), Sweep.describe(sweep.trials().get(i)));
          int status = train(configs.get(i), run);
          if (status != 0 && status != Main.USER_ERROR) {
            spec.commandLine().getOut().println("resume     " + resumeCommand());
            return status;
          }
        }
      }
      return compare(sweep, configs, folder.resolve("compare.html"));
    }
  }

  /** Writes the configuration of every trial that has none, after a check of all of them. */
  private List<Path> write(Sweep sweep, Path folder) {
    Map<Path, Options> configs = new LinkedHashMap<>();
    for (Map<String, Object> trial : sweep.trials()) {
      Path config = folder.resolve(String.format(Locale.ROOT, "%03d.json", configs.size() + 1));
      Options options = sweep.config(trial);
      check(options);
      if (Files.exists(config) && !ConfigFile.options(config).equals(options)) {
        throw new LaminaException(
            config
                + " must be of this sweep, is of another; name another folder with --out, or delete it");
      }
      configs.put(config, options);
    }
    for (Map.Entry<Path, Options> config : configs.entrySet()) {
      if (!Files.exists(config.getKey())) {
        String json = OptionsJson.write(config.getValue()).toPrettyString();
        AtomicFiles.writeString(config.getKey(), json + "\n");
      }
    }
    return List.copyOf(configs.keySet());
  }

  private void check(Options trial) {
    ConfigFile config = ConfigFile.read(file.toString(), trial.owner(file.toString()));
    String name = config.recipeName();
    config.change(Recipes.get(name == null ? Recipes.PUBLISHED : name));
  }

  private static Path run(Path config) {
    return config.resolveSibling(withoutExtension(config));
  }

  private static boolean isFinished(Path run) {
    return Files.exists(RunConfig.export(run).resolve("1/saved_model.pb"));
  }

  /** Starts a run, or continues it, and returns the status of the command. */
  private int train(Path config, Path run) {
    List<String> words = new ArrayList<>(List.of("train"));
    words.addAll(
        RunConfig.isRun(run)
            ? List.of("--resume", run.toString())
            : List.of("--config", config.toString(), "--run", run.toString()));
    words.addAll(deviceWords());
    return Main.run(words.toArray(String[]::new));
  }

  private String resumeCommand() {
    List<Object> words = new ArrayList<>(List.of("sweep", file));
    if (out != null) {
      words.addAll(List.of("--out", out));
    }
    words.addAll(deviceWords());
    return CommandLines.lamina(words);
  }

  /** Returns the option for the device if it was given. */
  private List<String> deviceWords() {
    return spec.commandLine().getParseResult().hasMatchedOption("--device")
        ? device.words()
        : List.of();
  }

  /** Compares the runs that are finished, names the others, and returns the exit status. */
  private int compare(Sweep sweep, List<Path> configs, Path page) {
    List<Path> finished =
        configs.stream().map(SweepCommand::run).filter(SweepCommand::isFinished).toList();
    for (int i = 0; i < configs.size(); i++) {
      Path run = run(configs.get(i));
      if (!finished.contains(run)) {
        print("failed     %s: %s", run, Sweep.describe(sweep.trials().get(i)));
      }
    }
    if (finished.isEmpty()) {
      return Main.USER_ERROR;
    }
    Comparison comparison = Comparison.of(finished).byAccuracy();
    print("%s", comparison.text(TerminalWidth.columns()).stripTrailing());
    comparison.write(page);
    print("page       %s", page);
    return 0;
  }

  private static String withoutExtension(Path file) {
    return String.valueOf(file.getFileName()).replaceFirst("\\.[^.]*$", "");
  }

  private void print(String format, Object... values) {
    TextLines.print(spec.commandLine().getOut(), format, values);
  }
}
