package dev.lamina.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Resize;
import dev.lamina.graph.Precision;
import dev.lamina.graph.State;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.optimizer.Lookahead;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.Constant;
import dev.lamina.zoo.GoldenModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;

/** Training with smaller images first. */
class ImageScalesTest {
  private static final ImageSet IMAGES =
      ImageData.embedded().train().subset(IntStream.range(0, 50).toArray());
  private static final ImageSet VALIDATION =
      ImageData.embedded().train().subset(IntStream.range(50, 60).toArray());
  private static final Network NETWORK =
      Network.input(32, 32, 3)
          .then(Conv2d.of(4, 3), BatchNorm.create(), Activation.RELU)
          .then(GlobalAveragePool.create(), Dense.of(10));

  private static Trainer.Builder recipe(int epochs) {
    return Trainer.builder()
        .schedule(Constant.of(0.1))
        .epochs(epochs)
        .batchSize(20)
        .precision(Precision.FLOAT32);
  }

  private static ImageSet resized(int side) {
    byte[] pixels = new byte[IMAGES.size() * side * side * 3];
    for (int i = 0; i < IMAGES.size(); i++) {
      byte[] image = Resize.stretch(side).apply(IMAGES.toBufferedImage(i));
      System.arraycopy(image, 0, pixels, i * image.length, image.length);
    }
    return ImageSet.of(side, side, 3, pixels, IMAGES.labels(), IMAGES.classNames());
  }

  /** 22 pixels. */
  @Test
  void part_isTheTrainingOfASmallerNetworkOnSmallerImages() {
    try (Model scaled = Model.of(NETWORK, 1);
        Model small = Model.of(NETWORK.inputSize(22, 22), 1)) {
      History history = recipe(2).imageScales(0.7).build().fit(scaled, IMAGES);
      History expected = recipe(2).build().fit(small, resized(22));
      assertThat(CheckpointsTest.withoutTime(history))
          .isEqualTo(CheckpointsTest.withoutTime(expected));
      assertSame(scaled, small);
    }
  }

  /** Both scales make 22 pixels: another step for the same images has to change nothing. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FLOAT32", "FLOAT16"})
  void parts_followEachOther_withAllState(Precision precision) {
    Recipe whole =
        recipe(3)
            .precision(precision)
            .imageScales(0.7)
            .optimizer(Lookahead.of(MomentumOptimizer.of(0.9)).steps(2))
            .build()
            .recipe()
            .callbacks(List.of(Ema.of(0.9)));
    Recipe parts = whole.imageScales(List.of(0.7, 0.701, 0.7));
    try (Model expected = Model.of(NETWORK, 1);
        Model model = Model.of(NETWORK, 1)) {
      History once = Trainer.builder(whole).build().fit(expected, IMAGES, VALIDATION);
      History anew = Trainer.builder(parts).build().fit(model, IMAGES, VALIDATION);
      assertThat(CheckpointsTest.withoutTime(anew)).isEqualTo(CheckpointsTest.withoutTime(once));
      assertSame(model, expected);
    }
  }

  @Test
  void parts_haveTheirScales() {
    try (Model full = Model.of(NETWORK, 1);
        Model grown = Model.of(NETWORK, 1);
        Model small = Model.of(NETWORK, 1)) {
      History atFull = recipe(2).build().fit(full, IMAGES);
      History growing = recipe(2).imageScales(0.5, 1).build().fit(grown, IMAGES);
      History atHalf = recipe(2).imageScales(0.5).build().fit(small, IMAGES);
      assertThat(growing.epochs().get(0).loss())
          .isEqualTo(atHalf.epochs().get(0).loss())
          .isNotEqualTo(atFull.epochs().get(0).loss());
      assertThat(growing.epochs().get(1).loss())
          .isNotEqualTo(atHalf.epochs().get(1).loss())
          .isNotEqualTo(atFull.epochs().get(1).loss());
    }
  }

  /** As a signal may arrive while the second step is built. */
  @Test
  void stop_whileTheStepIsBuilt_isHeard() {
    Callback stops =
        new Callback() {
          private @Nullable RunHandle run;

          @Override
          public List<Op> afterUpdate(Ops tf, State state, List<Variable> weights) {
            if (run != null) {
              run.stop();
            }
            return List.of();
          }

          @Override
          public void onStart(RunPlan plan, RunHandle run) {
            this.run = run;
          }
        };
    try (Model model = Model.of(NETWORK, 1)) {
      History history = recipe(2).imageScales(0.5, 1).callbacks(stops).build().fit(model, IMAGES);
      assertThat(history.epochs()).hasSize(1);
    }
  }

  @Test
  void callbackThatFails_whileTheStepIsBuilt_isNamed(@TempDir Path run) {
    for (int builds : new int[] {0, 1}) {
      Callback failing =
          new Callback() {
            private int built;

            @Override
            public String name() {
              return "Broken";
            }

            @Override
            public List<Op> afterUpdate(Ops tf, State state, List<Variable> weights) {
              if (built++ == builds) {
                throw new IllegalStateException("no room");
              }
              return List.of();
            }
          };
      Trainer trainer =
          recipe(2).imageScales(0.5, 1).callbacks(failing, Checkpoints.in(run)).build();
      try (Model model = Model.of(NETWORK, 1)) {
        assertThatExceptionOfType(CallbackException.class)
            .isThrownBy(() -> trainer.fit(model, IMAGES))
            .withMessage(
                "callback Broken failed while the training step was built: no room"
                    + (builds == 0 ? "" : "; the run was checkpointed: correct that and resume"));
      }
    }
  }

  private static void assertSame(Model model, Model expected) {
    Map<String, float[]> values = GoldenModel.values(expected);
    GoldenModel.values(model)
        .forEach((name, value) -> assertThat(value).as(name).isEqualTo(values.get(name)));
  }

  @Test
  void epochs_areDividedIntoEqualParts() {
    Recipe recipe = Recipe.create().epochs(7).imageScales(List.of(0.5, 0.75, 1.0));
    assertThat(IntStream.rangeClosed(1, 7).mapToDouble(recipe::imageScale))
        .containsExactly(0.5, 0.5, 0.5, 0.75, 0.75, 1.0, 1.0);
    assertThat(Recipe.create().imageScale(100)).isEqualTo(1);
    // In any order.
    assertThat(Trainer.builder(recipe).epochs(2).imageScales(1).build().recipe())
        .isEqualTo(Trainer.builder(recipe).imageScales(1).epochs(2).build().recipe());
    Recipe each = Recipe.create().epochs(3).imageScales(List.of(0.5, 0.75, 1.0));
    assertThat(IntStream.rangeClosed(1, 3).mapToDouble(each::imageScale))
        .containsExactly(0.5, 0.75, 1.0);
  }

  @Test
  void mistakes_areNamed_beforeTheRun() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recipe(2).imageScales(0.5, 0.75, 1).build())
        .withMessage(
            "imageScales must be at most as many as there are epochs, 2, got [0.5, 0.75, 1.0]");
    for (double wrong : new double[] {0, -0.5, 1.5, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> recipe(2).imageScales(wrong))
          .withMessage("imageScales must be numbers in (0, 1], got [" + wrong + "]");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> recipe(2).imageScales())
        .withMessage("imageScales must be numbers in (0, 1], got []");
    Trainer trainer = recipe(2).imageScales(0.5, 1).build();
    try (Model model = Model.of(Network.input(32, 32, 3).then(Flatten.create(), Dense.of(10)), 1)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> trainer.fit(model, IMAGES))
          .withMessageStartingWith("imageScales must suit the network Network, got 0.5: ");
    }
  }
}
