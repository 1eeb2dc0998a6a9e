package dev.lamina.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lamina.format.OptionsJson;
import dev.lamina.model.Evaluation;
import dev.lamina.step.Metrics;
import dev.lamina.train.Callback;
import dev.lamina.train.CallbackState;
import dev.lamina.train.Epoch;
import dev.lamina.train.History;
import dev.lamina.train.RecipeOptions;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Throughput;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.tensorflow.proto.Summary;

/**
 * Writes a run for <a href="https://www.tensorflow.org/tensorboard">TensorBoard</a>: {@code
 * tensorboard --logdir FOLDER} shows it while it trains.
 *
 * <ul>
 *   <li>scalars: learning rate and momentum about twenty times an epoch; after each epoch loss and
 *       metrics of training and validation, images a second, and memory if {@link Throughput} is
 *       among the callbacks before this one;
 *   <li>histograms after each epoch: the weights, and the gradients of the last batch, which cost a
 *       forward and a backward pass;
 *   <li>images: augmented samples, and after each epoch the confusion matrix of the validation;
 *   <li>the recipe as hyper-parameters.
 * </ul>
 *
 * <p>The step is the number of steps taken. A resumed run writes a new file, which makes
 * TensorBoard drop what an interrupted one wrote after the checkpoint.
 *
 * @param folder the folder of the event files
 */
public record TensorBoard(Path folder) implements Callback {
  private static final int RATES_AN_EPOCH = 20;

  /** Returns the callback that writes into a folder. */
  public static TensorBoard in(Path folder) {
    return new TensorBoard(folder);
  }

  @Override
  public boolean onEveryWorker() {
    return false;
  }

  @Override
  public Callback forRun() {
    return new Writing(folder);
  }

  /** Writes one run. */
  private static final class Writing implements Callback {
    private final Path folder;
    private @Nullable EventFile file;
    private int ratesEvery = 1;

    Writing(Path folder) {
      this.folder = folder;
    }

    @Override
    public String name() {
      return "TensorBoard";
    }

    private EventFile file() {
      if (file == null) {
        throw new IllegalStateException("the run was not started");
      }
      return file;
    }

    @Override
    public void onStart(RunPlan plan, RunHandle run) {
      ratesEvery = Math.max(1, plan.stepsPerEpoch() / RATES_AN_EPOCH);
      file = new EventFile(folder, purge(plan, run));
      file.add(plan.done(), List.of(Summaries.hyperParameters(hyperParameters(run))));
      BufferedImage samples = Samples.draw(run.images(), run.recipe().augmentations());
      file.add(plan.done(), List.of(image("augmented_samples", samples)));
      file.flush();
    }

    /** An epoch whose end is told again is written again. */
    private static OptionalLong purge(RunPlan plan, RunHandle run) {
      if (plan.done() == 0) {
        return OptionalLong.empty();
      }
      long ended = (long) run.history().epochs().size() * plan.stepsPerEpoch();
      boolean again = plan.done() % plan.stepsPerEpoch() == 0 && ended < plan.done();
      return OptionalLong.of(again ? plan.done() : plan.done() + 1);
    }

    private static Map<String, JsonNode> hyperParameters(RunHandle run) {
      Map<String, JsonNode> flat = new LinkedHashMap<>();
      flatten("", OptionsJson.write(RecipeOptions.write(run.recipe())), flat);
      return flat;
    }

    private static void flatten(String path, JsonNode json, Map<String, JsonNode> flat) {
      json.properties()
          .forEach(
              entry -> {
                String name = path + entry.getKey();
                JsonNode value = entry.getValue();
                if (value.isObject()) {
                  flatten(name + ".", value, flat);
                } else {
                  flat.put(name, value);
                }
              });
    }

    @Override
    public void onStep(StepEvent event, RunHandle run) {
      if (event.step() % ratesEvery == 0) {
        file()
            .add(
                event.step() + 1,
                List.of(
                    Summaries.scalar("learning_rate", event.learningRate()),
                    Summaries.scalar("momentum", event.momentum())));
      }
    }

    @Override
    public void onEpoch(Epoch epoch, RunHandle run) {
      List<Summary.Value> values = new ArrayList<>();
      scalars(values, "training", epoch.training());
      epoch.validation().ifPresent(metrics -> scalars(values, "validation", metrics));
      values.add(
          Summaries.scalar("images_per_second", epoch.training().images() / epoch.seconds()));
      memory(values, run.state(Throughput.NAME));
      run.weights()
          .asMap()
          .forEach((name, weights) -> values.add(Summaries.histogram("weights/" + name, weights)));
      run.gradients()
          .forEach((name, each) -> values.add(Summaries.histogram("gradients/" + name, each)));
      run.evaluation().map(Writing::confusion).ifPresent(values::add);
      file().add(epoch.steps(), values);
      file().flush();
    }

    private static void scalars(List<Summary.Value> values, String of, Metrics metrics) {
      values.add(Summaries.scalar("loss/" + of, metrics.loss()));
      metrics
          .values()
          .forEach((name, value) -> values.add(Summaries.scalar(name + "/" + of, value)));
    }

    private static void memory(List<Summary.Value> values, CallbackState state) {
      for (String key : List.of(Throughput.HEAP_BYTES, Throughput.PROCESS_BYTES)) {
        double bytes = state.get(key, 0);
        if (bytes > 0) {
          values.add(Summaries.scalar("memory/" + key, bytes));
        }
      }
    }

    private static Summary.Value confusion(Evaluation evaluation) {
      return image("confusion_matrix", ConfusionPicture.draw(evaluation));
    }

    private static Summary.Value image(String tag, BufferedImage picture) {
      return Summaries.image(tag, picture.getWidth(), picture.getHeight(), Canvas.png(picture));
    }

    @Override
    public void onStop(RunHandle run) {
      file().flush();
    }

    @Override
    public void onEnd(History history) {
      if (file != null) {
        file.close();
      }
    }
  }
}
