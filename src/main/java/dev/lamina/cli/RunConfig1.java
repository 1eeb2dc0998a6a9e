package dev.lamina.cli;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.graph.Precision;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.registry.Options;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.Recipe;
import dev.lamina.train.RecipeOptions;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a {@link RunConfig} of version 1, in which every recipe was momentum with 1cycle, and the
 * test images were used for validation.
 */
final class RunConfig1 {
  private static final Pattern NETWORK = Pattern.compile("ResNetCifar of width (\\d{1,9})");

  private RunConfig1() {}

  static RunConfig read(Options options) {
    return new RunConfig(
        options.getString("data"),
        options.getBoolean("stream"),
        Optional.empty(),
        RunConfig.Validation.TEST,
        false,
        network(options.getString("network")),
        RecipeOptions.write(recipe(options.getOptions("recipe").owner("recipe"))),
        options.getStrings("classNames"),
        "cpu",
        RunConfig.environment(options));
  }

  private static Options network(String text) {
    Matcher matcher = NETWORK.matcher(text);
    return matcher.matches()
        ? Options.none()
            .with("name", "resnet-cifar")
            .with("width", Integer.parseInt(matcher.group(1)))
        : Options.none().with("from", text);
  }

  private static Recipe recipe(Options old) {
    MomentumOptimizer momentum =
        MomentumOptimizer.of(old.getDouble("momentum")).weightDecay(old.getDouble("weightDecay"));
    return Recipe.create()
        .optimizer(old.getBoolean("nesterov") ? momentum.withNesterov() : momentum)
        .schedule(OneCycle.of(old.getDouble("peak")).cycleMomentum(old.getBoolean("cycleMomentum")))
        .loss(CrossEntropy.create().labelSmoothing(old.getDouble("labelSmoothing")))
        .augmentations(
            old.getBoolean("augment")
                ? List.of(RandomCrop.reflect(4), RandomFlip.horizontal())
                : List.of())
        .epochs(old.getInt("epochs"))
        .batchSize(old.getInt("batchSize"))
        .precision(Optional.of(old.getEnum("precision", Precision.class)))
        .freeze(old.getStrings("freeze"))
        .seed(old.getLong("seed"));
  }
}
