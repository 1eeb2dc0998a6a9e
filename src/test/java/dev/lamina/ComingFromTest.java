package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.Resize;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.MaxPool;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import dev.lamina.network.Network;
import dev.lamina.optimizer.GradientTransform;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.report.TensorBoard;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.BestModel;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.EarlyStopping;
import dev.lamina.train.History;
import dev.lamina.train.LambdaCallback;
import dev.lamina.train.Trainer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lamina's side of docs/coming-from-*.md, run: the same program beside each other library's. */
class ComingFromTest {
  @TempDir private Path folder;

  /** PyTorch counts nn.Flatten() too, and its files name the weights by that count. */
  @Test
  void networkOfPyTorch_hasTheNamesOfItsWeights() throws Exception {
    Path folder = Clothes.write(this.folder.resolve("photos"), Clothes.SECOND, 2, 1);
    ImageData photos = ImageData.open(folder, Resize.cover(64));
    // region torch_network
    int classes = photos.train().classes();
    Network network =
        Network.input(64, 64, 3) // pixels are scaled to [0, 1]
            .then(Conv2d.of(16, 3), BatchNorm.create(), Activation.RELU, MaxPool.of(2))
            .then(Conv2d.of(32, 3), BatchNorm.create(), Activation.RELU)
            .then(GlobalAveragePool.create(), Flatten.create(), Dropout.of(0.2))
            .then(Dense.of(classes));
    // endregion
    assertThat(network.parameters().keySet())
        .filteredOn(name -> name.endsWith(".weight"))
        .containsExactly("0.weight", "1.weight", "4.weight", "5.weight", "10.weight");
  }

  /** The weight decay of Keras's SGD is no part of the gradient; that of the others is. */
  @Test
  void recipeOfKeras_hasItsWeightDecay() {
    // region keras_recipe
    Trainer.Builder trainer =
        Trainer.builder()
            .optimizer(MomentumOptimizer.of(0.9).weightDecay(5e-4).withDecoupledDecay())
            .schedule(OneCycle.of(0.1)) // peak; stepped every batch
            .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
            .epochs(10)
            .batchSize(32)
            .validationSplit(0.1); // cross-entropy and accuracy are the default
    // endregion
    assertThat(trainer.build().recipe().optimizer().transform())
        .isEqualTo(new GradientTransform(5e-4, true, false, Double.POSITIVE_INFINITY));
  }

  @Test
  void program() throws Exception {
    Clothes.write(folder.resolve("photos"), Clothes.SECOND, 12, 4);
    Path run = folder.resolve("run");
    Path photo = folder.resolve("photos/test/sandal/0.png");
    // region data
    ImageData photos = ImageData.open(folder.resolve("photos"), Resize.cover(64));
    // endregion
    // region network
    int classes = photos.train().classes();
    Network network =
        Network.input(64, 64, 3) // pixels are scaled to [0, 1]
            .then(Conv2d.of(16, 3), BatchNorm.create(), Activation.RELU, MaxPool.of(2))
            .then(Conv2d.of(32, 3), BatchNorm.create(), Activation.RELU)
            .then(GlobalAveragePool.create(), Dropout.of(0.2), Dense.of(classes));
    // endregion
    // region recipe
    Trainer.Builder trainer =
        Trainer.builder()
            .optimizer(MomentumOptimizer.of(0.9).weightDecay(5e-4))
            .schedule(OneCycle.of(0.1)) // peak; stepped every batch
            .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
            .epochs(10)
            .batchSize(32)
            .validationSplit(0.1); // cross-entropy and accuracy are the default
    // endregion
    // region callbacks
    trainer.callbacks(
        EarlyStopping.patience(3),
        BestModel.in(run.resolve("best.safetensors")),
        TensorBoard.in(run.resolve("tensorboard")),
        LambdaCallback.create().onEpoch((epoch, handle) -> System.out.println(epoch.loss())),
        Checkpoints.in(run)); // resume(run, model, ...) continues instead of fit
    // endregion
    // region training
    Model model = Model.of(network);
    History history = trainer.build().fit(model, photos.train());
    Evaluation test = model.evaluate(photos.test());
    System.out.println(history.last().loss() + " " + test.accuracy());
    // endregion
    // region saving
    model.saveWeights(run.resolve("model.safetensors"));
    Model loaded = Model.load(run.resolve("model.safetensors")); // the network is in the file
    // endregion
    // region prediction
    Prediction prediction = loaded.predict(photo); // any size: resized as in training
    System.out.println(prediction.best().label() + " " + prediction.best().probability());
    // endregion
    // region export
    loaded.export(run.resolve("export/1")); // SavedModel
    loaded.exportOnnx(run.resolve("model.onnx"));
    loaded.close(); // native memory; or try-with-resources
    // endregion
    model.close();
    assertThat(prediction.best().label()).isIn(photos.train().classNames());
    assertThat(run.resolve("export/1/saved_model.pb")).exists();
    assertThat(run.resolve("model.onnx")).exists();
  }
}
