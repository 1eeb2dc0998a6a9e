package dev.lamina.cli;

import static dev.lamina.cli.OptionRuns.NAME;
import static dev.lamina.cli.OptionRuns.data;
import static dev.lamina.cli.OptionRuns.dataOptions;
import static dev.lamina.cli.OptionRuns.fails;
import static dev.lamina.cli.OptionRuns.fresh;
import static dev.lamina.cli.OptionRuns.resizeOptions;
import static dev.lamina.cli.OptionRuns.succeeds;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import com.google.common.base.Suppliers;
import com.google.common.collect.ImmutableMap;
import dev.lamina.cli.MainTest.Output;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.function.Executable;

/** What the options of find-lr change. */
final class FindLearningRateEffects {
  /** Options that change the curve, with a value that is not the base's. */
  private static final Map<String, String> CHANGE_THE_CURVE =
      ImmutableMap.<String, String>builder()
          .put("--batch-size", "--batch-size 5")
          .put("--augment", "--augment RandomFlip")
          .put("--recipe", "--recipe published")
          .put("--sampler", "--sampler Weighted")
          .put("--momentum", "--momentum 0.25")
          .put("--nesterov", "--nesterov --momentum 0.5")
          .put("--weight-decay", "--weight-decay 0.25")
          .put("--loss", "--loss DoubleLoss")
          .put("--label-smoothing", "--label-smoothing 0.2")
          .put("--freeze", "--freeze 1")
          .put("--seed", "--seed 7")
          .put("--precision", "--precision bfloat16")
          .put("--width", "--width 6")
          .put("--accumulate", "--accumulate 2")
          .put("--max", "--max 0.2")
          .build();

  private static final Supplier<Path> BASE =
      Suppliers.memoize(
          () -> {
            Path base = fresh();
            run(base, "--precision float32");
            return base;
          });

  /** All images in every step, whose loss decreases, so that there is a suggestion. */
  private static final String ALL = " --batch-size 12";

  private FindLearningRateEffects() {}

  private static List<Object> words(Path out, String options) {
    List<Object> words = new ArrayList<>(List.of("find-lr", "--data", data, "--steps", 4));
    words.addAll(Splitter.on(' ').omitEmptyStrings().splitToList("--min 0.0001 --max 0.1"));
    words.addAll(List.of("--network", NAME, "--recipe", NAME, "--out", out));
    for (String word : Splitter.on(' ').omitEmptyStrings().split(options)) {
      int at = word.startsWith("--") ? words.indexOf(word) : -1;
      if (at > 0) {
        words.subList(at, at + 2).clear();
      }
      words.add(word);
    }
    return words;
  }

  private static Output run(Path out, String options) {
    return succeeds(words(out, options));
  }

  private static List<String> curve(Path out) throws IOException {
    return Files.readAllLines(out.resolveSibling(out.getFileName() + ".csv"));
  }

  private static void changesTheCurve(String options) throws IOException {
    Path other = fresh();
    run(other, options.contains("--precision") ? options : options + " --precision float32");
    assertThat(curve(other)).isNotEqualTo(curve(BASE.get()));
  }

  static Map<String, Executable> all() {
    ImmutableMap.Builder<String, Executable> effects = ImmutableMap.builder();
    CHANGE_THE_CURVE.forEach(
        (option, words) -> effects.put("find-lr " + option, () -> changesTheCurve(words)));
    return effects
        .putAll(dataOptions("find-lr", FindLearningRateEffects::more))
        .putAll(resizeOptions("find-lr", FindLearningRateEffects::more))
        .put(
            "find-lr --learning-rate",
            () ->
                assertThat(fails(words(fresh(), "--learning-rate 0.3").toArray()).err())
                    .contains("--learning-rate must not be given: it is what find-lr looks for"))
        .put(
            "find-lr --epochs",
            () -> assertThat(run(fresh(), "--epochs 3" + ALL).out()).contains(" --epochs 3 "))
        .put(
            "find-lr --no-augment",
            () -> assertThat(run(fresh(), "--no-augment" + ALL).out()).contains(" --no-augment "))
        .put(
            "find-lr --network",
            () -> assertThat(run(fresh(), ALL).out()).contains(" --network " + NAME + " "))
        .put(
            "find-lr --from",
            () -> {
              Path other = fresh();
              List<Object> words = words(other, "--precision float32 --from " + OptionRuns.base);
              assertThat(fails(words.toArray()).err())
                  .contains("--network must not be given with --from, which has a network already");
              int network = words.indexOf("--network");
              words.subList(network, network + 2).clear();
              succeeds(words);
              assertThat(curve(other)).isNotEqualTo(curve(BASE.get()));
            })
        .put(
            "find-lr --pretrained",
            () ->
                assertThat(fails(words(fresh(), "--pretrained nowhere").toArray()).err())
                    .contains("pretrained weights must be an existing file", "got nowhere"))
        .put(
            "find-lr --min",
            () -> {
              changesTheCurve("--min 0.0002");
              // A tenth of any of the rates is below it.
              assertThat(run(fresh(), "--min 0.05").out())
                  .containsPattern(
                      "\nsuggestion none: it would be 0\\.0\\d+, below the rates that were tested;"
                          + " give a smaller --min, or more --steps\ncurve ")
                  .doesNotContain("\ntrain ");
            })
        .put(
            "find-lr --steps",
            () -> {
              Path out = fresh();
              assertThat(run(out, "--steps 3").out()).contains("\nsteps      3 of 3, up to ");
              assertThat(curve(out)).hasSize(4);
            })
        .put(
            "find-lr --out",
            () -> {
              Path out = fresh();
              assertThat(run(out, ALL).out())
                  .containsPattern("\nsuggestion 0\\.\\d+\ntrain      tools/lamina train --data ");
              assertThat(out.resolveSibling(out.getFileName() + ".png")).isNotEmptyFile();
            })
        .build();
  }

  private static List<?> more() {
    return List.of("--network", NAME, "--batch-size", 2, "--steps", 2, "--out", fresh());
  }
}
