package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Suppliers;
import dev.lamina.data.ImageSet;
import dev.lamina.distributed.Cluster;
import dev.lamina.layer.GradientCheck;
import dev.lamina.metric.Metric;
import dev.lamina.model.Model;
import dev.lamina.pipeline.BatchOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of {@link Trainer#fit} or {@link Trainer#resume}: prepares the {@link Run}, and trains
 * the classifier alone before it if the recipe says so.
 *
 * @param trainer the trainer
 * @param folder the run that is continued; empty for a new one
 */
record Fit(Trainer trainer, Optional<Path> folder) {
  /** How a run has ended, perhaps by a stop in its last epoch. */
  private record Outcome(History history, boolean stopped) {}

  private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

  /** Trains on images, of which the recipe may set some aside for validation. */
  History run(Model model, ImageSet images) {
    Recipe recipe = trainer.recipe;
    if (recipe.validationSplit() > 0) {
      ImageSet.Split split = images.split(recipe.validationSplit(), recipe.seed());
      return run(model, split.train(), split.validation());
    }
    Callbacks.checkNoValidation(trainer.callbacks);
    return run(model, images, null);
  }

  /** Trains, and validates if there are images for that. */
  History run(Model model, ImageSet train, @Nullable ImageSet validation) {
    Optional<Checkpoint> from = folder.flatMap(Checkpoints::newest);
    check(model, train, validation);
    folder.ifPresent(this::warnIfNotWritten);
    List<Callback> replaced = folder.isEmpty() ? trainer.callbacks : List.of();
    if (from.isPresent()) {
      return run(model, train, validation, from, replaced).history();
    }
    Optional<Path> classifierFolder = folder.map(Checkpoints::ofFreezeEpochs);
    Optional<Checkpoint> classifier = classifierFolder.flatMap(Checkpoints::newest);
    classifier.ifPresent(this::checkFreezeEpochs);
    if (trainer.recipe.freezeEpochs() == 0) {
      return run(model, train, validation, from, replaced).history();
    }
    if (trainer.recipe.freeze().isEmpty()) {
      // Now, not after the classifier, which trains behind a body that lets no gradient through.
      GradientCheck.verify(model.network().body(), model.network().inputShape());
    }
    Outcome trained =
        new Fit(classifierTrainer(model), classifierFolder)
            .run(model, train, null, classifier, replaced);
    return trained.stopped()
        ? new History(List.of())
        : run(model, train, validation, from, List.of()).history();
  }

  /**
   * Trains what has been checked.
   *
   * @param from where to continue
   * @param replaced callbacks that write checkpoints, to delete those of an older run: once the
   *     step is built, and the workers agree
   */
  private Outcome run(
      Model model,
      ImageSet train,
      @Nullable ImageSet validation,
      Optional<Checkpoint> from,
      List<Callback> replaced) {
    BatchOrder order = trainer.order(train);
    Optional<Cluster> cluster = model.session().cluster();
    Callbacks started = new Callbacks(Together.callbacks(cluster, trainer.callbacks));
    int epochs = from.map(checkpoint -> checkpoint.progress().history().epochs().size()).orElse(0);
    double scale = trainer.recipe.imageScale(Math.min(epochs + 1, trainer.recipe.epochs()));
    try (RunSteps steps =
        new RunSteps(
            model.session(),
            scale,
            wanted -> trainer.step(model, train, wanted, List.of(started.afterUpdate())))) {
      Supplier<Map<String, String>> configuration =
          Suppliers.memoize(() -> Configuration.of(trainer, model, train, validation));
      RunState state =
          new RunState(
              model.session(), steps::state, configuration, order.stepsPerEpoch(), started.names());
      from.ifPresent(
          checkpoint -> {
            Configuration.check(checkpoint, configuration.get(), trainer.allowChanges);
            state.restore(checkpoint);
            steps.step().sums(checkpoint.progress().sums());
          });
      Trainer.describe(model, train);
      cluster.ifPresent(workers -> Together.agree(workers, configuration.get(), from, model));
      if (Checkpoints.among(trainer.callbacks).isPresent()) {
        // If it cannot be written, fails before the first step, not at the first checkpoint.
        LOG.debug("configuration: {}", configuration.get());
      }
      Checkpoints.clear(Together.callbacks(cluster, replaced));
      logMomentum((long) trainer.recipe.epochs() * order.stepsPerEpoch());
      Run run = new Run(trainer, model, steps, started, state, order, train, validation);
      return new Outcome(run.finish(), run.stopped());
    }
  }

  private void warnIfNotWritten(Path run) {
    if (trainer.callbacks.stream().noneMatch(callback -> Checkpoints.writes(callback, run))) {
      LOG.warn(
          "callbacks have no Checkpoints in {}, which is resumed: what is trained now cannot be"
              + " resumed; add Checkpoints.in with this folder",
          run);
    }
  }

  private void check(Model model, ImageSet train, @Nullable ImageSet validation) {
    if (validation != null) {
      model.checkFits(validation);
      checkArgument(
          validation.classNames().equals(train.classNames()),
          "classes of the validation images must be those of the training images %s, got %s",
          train.classNames(),
          validation.classNames());
    }
    trainer.check(model, train);
    if (trainer.recipe.balancesTwice()) {
      LOG.warn(
          "classes are balanced twice, by balanceClasses and by a sampler that draws each equally often;"
              + " leave one of them out");
    }
    model
        .session()
        .cluster()
        .ifPresent(
            workers ->
                Together.check(
                    workers, trainer.recipe, train, Checkpoints.among(trainer.callbacks)));
  }

  private void checkFreezeEpochs(Checkpoint classifier) {
    int now = trainer.recipe.freezeEpochs();
    String before = classifier.configuration().get("epochs");
    checkArgument(
        Integer.toString(now).equals(before),
        "freezeEpochs must be %s as in the checkpoint, got %s; resume as the run began, or start another",
        before,
        now);
  }

  /**
   * Returns what trains the classifier alone for the recipe's {@code freezeEpochs}: a run of its
   * own, with its own checkpoints, which is no part of the history.
   */
  private Trainer classifierTrainer(Model model) {
    Recipe recipe = trainer.recipe;
    List<String> frozenLayers = new ArrayList<>(FineTuning.body(model.network()));
    frozenLayers.addAll(recipe.freeze());
    Recipe classifierOnly =
        recipe
            .imageScales(List.of(1.0))
            .epochs(recipe.freezeEpochs())
            .freezeEpochs(0)
            .freeze(frozenLayers)
            .callbacks(List.of());
    return Trainer.builder(classifierOnly)
        .betweenFrozen(FineTuning.between(model.network()))
        .callbacks(
            trainer.callbacks.stream()
                .filter(Callback::duringFreezeEpochs)
                .map(Checkpoints::forFreezeEpochs)
                .toArray(Callback[]::new))
        .metrics(trainer.metrics.toArray(Metric[]::new))
        .allowChanges(trainer.allowChanges.toArray(String[]::new))
        .build();
  }

  /** Logs if the schedule overrides the momentum of the optimizer. */
  private void logMomentum(long steps) {
    OptionalDouble scheduled = trainer.recipe.schedule().momentum(0, steps);
    double own = trainer.recipe.optimizer().momentum();
    if (trainer.optimizerGiven && scheduled.isPresent() && own > 0) {
      LOG.info(
          "the schedule sets the momentum of every step; the optimizer's own {} is not used", own);
    }
  }
}
