import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.basicdataset.cv.classification.ImageFolder;
import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.modality.cv.transform.CenterCrop;
import ai.djl.modality.cv.transform.RandomFlipLeftRight;
import ai.djl.modality.cv.transform.ResizeShort;
import ai.djl.modality.cv.transform.ToTensor;
import ai.djl.modality.cv.translator.ImageClassificationTranslator;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.EasyTrain;
import ai.djl.training.Trainer;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.evaluator.Accuracy;
import ai.djl.training.listener.EarlyStoppingListener;
import ai.djl.training.listener.SaveModelTrainingListener;
import ai.djl.training.listener.TrainingListener;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The program of docs/coming-from-djl.md; compiled, not run. */
class Djl {
  static void program(Path folder, Path run, Path photo)
      throws IOException, TranslateException, MalformedModelException {
    // region data
    ImageFolder photos =
        ImageFolder.builder()
            .setRepositoryPath(folder.resolve("photos/train"))
            .addTransform(new ResizeShort(64))
            .addTransform(new CenterCrop(64, 64))
            .addTransform(new RandomFlipLeftRight())
            .addTransform(new ToTensor())
            .setSampling(32, true)
            .build();
    photos.prepare();
    RandomAccessDataset[] parts = photos.randomSplit(9, 1);
    // endregion
    // region network
    List<String> classes = photos.getSynset();
    SequentialBlock block =
        new SequentialBlock()
            .add(Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(16)
                .optPadding(new Shape(1, 1)).build())
            .add(BatchNorm.builder().build())
            .add(Activation.reluBlock())
            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
            .add(Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(32)
                .optPadding(new Shape(1, 1)).build())
            .add(BatchNorm.builder().build())
            .add(Activation.reluBlock())
            .add(Pool.globalAvgPool2dBlock())
            .add(Blocks.batchFlattenBlock())
            .add(Dropout.builder().optRate(0.2f).build())
            .add(Linear.builder().setUnits(classes.size()).build());
    // endregion
    // region recipe
    int steps = 10 * (int) Math.ceil(parts[0].size() / 32.0);
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .optOptimizer(
                Optimizer.sgd()
                    .setLearningRateTracker(
                        Tracker.cosine().setBaseValue(0.1f).setMaxUpdates(steps).build())
                    .optMomentum(0.9f)
                    .optWeightDecays(5e-4f)
                    .build())
            .addEvaluator(new Accuracy());
    // endregion
    // region callbacks
    config.addTrainingListeners(TrainingListener.Defaults.logging());
    config.addTrainingListeners(
        new SaveModelTrainingListener(run.toString(), "photos", 1), // every epoch
        EarlyStoppingListener.builder().optEpochPatience(3).build());
    // endregion
    // region training
    try (Model model = Model.newInstance("photos")) {
      model.setBlock(block);
      try (Trainer trainer = model.newTrainer(config)) {
        trainer.initialize(new Shape(1, 3, 64, 64));
        try {
          EasyTrain.fit(trainer, 10, parts[0], parts[1]);
        } catch (EarlyStoppingListener.EarlyStoppedException e) {
          System.out.println("stopped early");
        }
        System.out.println(trainer.getTrainingResult().getValidateEvaluation("Accuracy"));
      }
      model.save(run, "photos"); // parameters; the block stays in your code
    }
    // endregion
    // region prediction
    ImageClassificationTranslator translator =
        ImageClassificationTranslator.builder()
            .addTransform(new ResizeShort(64))
            .addTransform(new CenterCrop(64, 64))
            .addTransform(new ToTensor())
            .optSynset(classes)
            .optApplySoftmax(true)
            .build();
    try (Model model = Model.newInstance("photos")) {
      model.setBlock(block);
      model.load(run, "photos");
      try (Predictor<Image, Classifications> predictor = model.newPredictor(translator)) {
        Image image = ImageFactory.getInstance().fromFile(photo);
        Classifications.Classification best = predictor.predict(image).best();
        System.out.println(best.getClassName() + " " + best.getProbability());
      }
    }
    // endregion
  }
}
