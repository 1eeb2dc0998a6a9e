package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.graph.Precision;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of docs/fine-tuning.md, run. */
class FineTuningTest {
  @TempDir private Path folder;
  private Path export = Path.of("");
  private Path images = Path.of("");

  /** A model that knows five kinds of clothes, and a folder with images of three others. */
  @BeforeEach
  void prepare() throws IOException {
    export = folder.resolve("clothes/1");
    try (Model model =
        ResNetCifar.builder().width(4).classes(Clothes.FIRST.size()).seed(1).build()) {
      Trainer.builder()
          .schedule(OneCycle.of(0.05))
          .epochs(4)
          .batchSize(32)
          .precision(Precision.FLOAT32)
          .build()
          .fit(model, Clothes.train(Clothes.FIRST, 100));
      model.export(export);
    }
    images = Clothes.write(folder.resolve("images"), Clothes.SECOND, 30, 40);
  }

  private static Map<String, float[]> weights(Model model) {
    Map<Variable, float[]> read = model.session().read(model.variables());
    Map<String, float[]> weights = new LinkedHashMap<>();
    read.forEach((variable, values) -> weights.put(variable.name(), values));
    return weights;
  }

  @Test
  void fineTuning() {
    Map<String, float[]> before;
    try (Model model = Model.load(export)) {
      before = weights(model);
    }
    // region classifier
    ImageData data = ImageData.open(images); // train|test/CLASS/*.png
    try (Model model = Model.load(export, data.train().classNames())) {
      Trainer.builder()
          .freeze("conv1", "layer1", "layer2", "layer3", "layer4")
          .schedule(OneCycle.of(0.1))
          .augment(RandomFlip.horizontal())
          .epochs(20)
          .batchSize(16)
          .build()
          .fit(model, data.train());
      System.out.println("classifier trained: " + model.evaluate(data.test()));
      model.export(folder.resolve("tuned/1"));
    }
    // endregion
    try (Model model = Model.load(folder.resolve("tuned/1"))) {
      weights(model)
          .forEach(
              (name, values) -> {
                if (name.startsWith("classifier")) {
                  assertThat(values).isNotEqualTo(before.get(name));
                } else {
                  assertThat(values).as(name).isEqualTo(before.get(name));
                }
              });
      // Chance is a third; the features of other clothes tell these apart.
      assertThat(model.evaluate(data.test()).accuracy()).isGreaterThan(0.7);
    }
    // region everything
    try (Model model = Model.load(folder.resolve("tuned/1"))) {
      Trainer.builder()
          .freeze("conv1", "layer1")
          .schedule(OneCycle.of(0.005))
          .augment(RandomFlip.horizontal())
          .epochs(3)
          .batchSize(16)
          .build()
          .fit(model, data.train());
      System.out.println("layers trained: " + model.evaluate(data.test()));
    }
    // endregion
  }
}
