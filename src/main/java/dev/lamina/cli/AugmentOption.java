package dev.lamina.cli;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.Doubles;
import com.google.common.primitives.Longs;
import dev.lamina.augment.AugmentationTypes;
import dev.lamina.augment.BatchAugmentation;
import dev.lamina.registry.Options;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose the random changes of the training images. */
final class AugmentOption {
  @Option(
      names = "--augment",
      paramLabel = "NAME[:OPTION=VALUE]",
      split = ",",
      description =
          "random changes of the images, by the names of config.json, in this order, such as"
              + " RandomResizedCrop:minArea=0.3,RandomFlip,Cutout:size=8 (default: the recipe's)")
  private @Nullable List<String> given;

  @Option(names = "--no-augment", description = "train without random changes of the images")
  private boolean none;

  /** Returns the given augmentations; null if the recipe decides. */
  @Nullable List<BatchAugmentation> resolve() {
    checkArgument(given == null || !none, "--augment must not be given with --no-augment");
    if (none) {
      return List.of();
    }
    return given == null ? null : given.stream().map(AugmentOption::read).toList();
  }

  private static BatchAugmentation read(String text) {
    String[] parts = text.split(":", -1);
    Options options = Options.none();
    for (int i = 1; i < parts.length; i++) {
      int sign = parts[i].indexOf('=');
      checkArgument(sign > 0, "--augment must be NAME:OPTION=VALUE, got %s", text);
      String name = parts[i].substring(0, sign);
      checkArgument(
          !options.has(name),
          "--augment must have every option once, got two %s in %s",
          name,
          text);
      options = options.with(name, value(parts[i].substring(sign + 1)));
    }
    return AugmentationTypes.REGISTRY.create(parts[0], options);
  }

  private static Object value(String text) {
    Long whole = Longs.tryParse(text);
    Double number = Doubles.tryParse(text);
    // NaN and Infinity stay texts, which no option takes for numbers.
    return whole != null ? whole : number != null && Double.isFinite(number) ? number : text;
  }
}
