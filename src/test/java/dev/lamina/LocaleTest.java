package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Regularized;
import dev.lamina.torture.JavaProcess;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.framework.regularizers.L2;

/** Numbers have the digits 0 to 9 and a point, whatever the locale. */
class LocaleTest {
  /** A conversion of {@link java.util.Formatter} whose result depends on the locale. */
  private static final Pattern NUMBER = Pattern.compile("%[-#+ 0,(]*\\d*(\\.\\d+)?[cdoxXeEfgG]");

  private static final Pattern CASE = Pattern.compile("to(Lower|Upper)Case\\(\\)");

  @TempDir private Path folder;

  /** A program that trains ten steps, exports, loads and predicts, in each of some locales. */
  static final class Program {
    public static void main(String[] args) {
      ImageSet all = ImageData.embedded().train();
      ImageSet images = all.subset(IntStream.range(0, 40).toArray());
      for (int i = 1; i < args.length; i++) {
        Locale.setDefault(Locale.forLanguageTag(args[i]));
        Path run = Path.of(args[0]).resolve("run" + i);
        try (Model model = Model.of(network(), 1)) {
          Trainer.builder()
              .optimizer(Regularized.of(MomentumOptimizer.of(0.9), new L2(0.01f)))
              .epochs(5)
              .batchSize(20)
              .seed(1)
              .callbacks(Checkpoints.in(run))
              .build()
              .fit(model, images);
          model.export(run.resolve("export"));
          model.exportOnnx(run.resolve("model.onnx"));
          System.out.println(model.evaluate(images));
        }
      }
    }

    private static Network network() {
      return Network.input(32, 32, 3)
          .then(Conv2d.of(4, 3), BatchNorm.create(), Activation.RELU)
          .then(Conv2d.of(4, 3), BatchNorm.create(), Activation.RELU)
          .then(GlobalAveragePool.create(), Dense.of(10));
    }
  }

  @Test
  void training_isTheSameInLocalesWithDigitsOfTheirOwn() throws Exception {
    String said =
        JavaProcess.run(
            JavaProcess.of(
                Program.class, folder, "ar-EG", "fa-IR", "th-TH-u-nu-thai", "de-DE", "en-US"));
    List<String> results = said.lines().filter(line -> line.startsWith("accuracy")).toList();
    assertThat(results).as(said).hasSize(5);
    assertThat(results.stream().distinct()).hasSize(1).allMatch(line -> line.matches("[ -~]+"));
  }

  @Test
  void sources_formatNumbersWithALocale() throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(file -> file.toString().endsWith(".java")).toList()) {
        for (String statement : Files.readString(file).split("[;{}]\\s*\n", -1)) {
          boolean formats = statement.matches("(?s).*(format|formatted|printf)\\(.*");
          boolean number = formats && NUMBER.matcher(statement).find();
          if ((number && !statement.contains("Locale.ROOT")) || CASE.matcher(statement).find()) {
            found.add(file + ": " + statement.strip());
          }
        }
      }
    }
    assertThat(found).as("use Locale.ROOT, or %%s for whole numbers").isEmpty();
  }
}
