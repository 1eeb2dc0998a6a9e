package dev.lamina.cli;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.io.FolderLock;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Writes the samples of the present version for CompatibilityTest and RunCompatibilityTest: to be
 * run once, when a format has changed, with a new folder as its argument. Samples are never written
 * again: they stand for what users have.
 */
final class CompatibilitySamples {
  private CompatibilitySamples() {}

  public static void main(String[] args) throws IOException {
    Path target = Path.of(args[0]);
    Path first = Path.of("src/test/resources/compat/2c1cdff");
    try (Model everyLayer = Model.load(first.resolve("every-layer.safetensors"))) {
      everyLayer.saveWeights(target.resolve("every-layer.safetensors"), Map.of("note", "x"));
    }
    Network small =
        Network.input(8, 8, 3)
            .then(Conv2d.of(2, 3), Activation.RELU, GlobalAveragePool.create(), Dense.of(3));
    try (Model model = Model.of(small, 1)) {
      model.classNames(List.of("a", "b", "c"));
      model.export(target.resolve("export/1"), Map.of("note", "x"));
    }
    Path run = target.resolve("run");
    int status =
        Main.run(
            "train",
            "--run",
            run.toString(),
            "--width",
            "1",
            "--batch-size",
            "500",
            "--epochs",
            "2",
            "--precision",
            "float32",
            "--validation",
            "0.1",
            "--test-curve");
    checkState(status == 0, "training failed with status %s", status);
    interrupt(run, target.resolve("run-finished.safetensors"));
  }

  /** Leaves the run as it was after its first epoch. */
  private static void interrupt(Path run, Path finished) throws IOException {
    Files.move(run.resolve("weights.safetensors"), finished);
    List<String> history = Files.readAllLines(run.resolve("history.csv"));
    Files.write(run.resolve("history.csv"), history.subList(0, 2));
    Path checkpoints = run.resolve("checkpoints");
    try (var files = Files.list(checkpoints)) {
      // 9,000 images in steps of 500; also written once a minute.
      for (Path file : files.filter(file -> !file.endsWith("step-00000018.safetensors")).toList()) {
        Files.delete(file);
      }
    }
    Files.delete(run.resolve(FolderLock.FILE));
    for (String folder : List.of("plots", "export")) {
      MoreFiles.deleteRecursively(run.resolve(folder), RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
