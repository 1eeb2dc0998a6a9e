package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.Folds;
import dev.lamina.data.ImageSet;
import dev.lamina.data.WeightedSampler;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Role;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Lookahead;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.optimizer.Muon;
import dev.lamina.optimizer.ParameterGroup;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.History;
import dev.lamina.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The code of docs/optimizers.md, run. */
class OptimizersDocsTest {
  private static final ImageSet IMAGES = Clothes.train(Clothes.SECOND, 30);

  private static Model model() {
    return Model.of(
        Network.input(32, 32, 3)
            .then("body", Conv2d.of(4, 3).stride(4))
            .then(BatchNorm.create(), Activation.RELU, GlobalAveragePool.create())
            .then("classifier", Dense.of(Clothes.SECOND.size())),
        1);
  }

  private static void trains(Trainer.Builder trainer) {
    try (Model model = model()) {
      History history = trainer.epochs(2).precision(Precision.FLOAT32).build().fit(model, IMAGES);
      assertThat(history.last().loss()).isPositive().isLessThan(3);
    }
  }

  @Test
  void groups() {
    // region groups
    Trainer.Builder trainer =
        Trainer.builder()
            .optimizer(MomentumOptimizer.of(0.9).withNesterov().weightDecay(5e-4))
            .groups(
                ParameterGroup.matching().roles(Role.NORM).names("bias").rate(64).weightDecay(0),
                ParameterGroup.matching().roles(Role.NORM).weightDecay(0),
                ParameterGroup.matching("classifier").rate(10))
            .schedule(OneCycle.of(0.001));
    // endregion
    trains(trainer);
  }

  @Test
  void muon() {
    // region muon
    Trainer.Builder trainer =
        Trainer.builder()
            .optimizer(Lookahead.of(Muon.of(0.6).withNormalizedKernels()))
            .groups(
                ParameterGroup.matching().roles(Role.NORM).rate(0.2).momentum(0.85),
                ParameterGroup.matching("classifier").rate(3).momentum(0.85))
            .schedule(OneCycle.of(0.05).cycleMomentum(false));
    // endregion
    trains(trainer);
  }

  @Test
  void accumulation() {
    // region accumulation
    Trainer.Builder trainer = Trainer.builder().batchSize(64).accumulate(4); // 16 images at once
    // endregion
    trains(trainer);
  }

  @Test
  void sampling() {
    // region sampling
    Trainer.Builder trainer = Trainer.builder().sampler(WeightedSampler.balanced());
    // endregion
    trains(trainer);
  }

  @Test
  void folds() {
    Trainer trainer = Trainer.builder().epochs(1).precision(Precision.FLOAT32).build();
    ImageSet images = IMAGES;
    long seed = 1;
    // region folds
    List<Double> accuracies = new ArrayList<>();
    for (ImageSet.Split fold : Folds.stratified(images, 5, seed)) {
      try (Model model = model()) {
        trainer.fit(model, fold.train());
        accuracies.add(model.evaluate(fold.validation()).accuracy());
      }
    }
    // endregion
    assertThat(accuracies).hasSize(5);
  }
}
