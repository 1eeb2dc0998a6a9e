import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** DJL with its PyTorch engine. */
final class DjlWorker {
  private static final int SIDE = 32;
  private static final int CLASSES = 10;
  private static final float[] MEAN = {0.492f, 0.482f, 0.447f};
  private static final float[] DEVIATION = {0.247f, 0.243f, 0.262f};

  private final Map<String, String> arguments;
  private final int batch;
  private final double warm;
  private final Loss crossEntropy = Loss.softmaxCrossEntropyLoss();

  private DjlWorker(Map<String, String> arguments) {
    this.arguments = arguments;
    batch = Integer.parseInt(arguments.get("batch"));
    warm = Double.parseDouble(arguments.get("warm"));
  }

  /** Runs until the driver closes the pipe. */
  public static void main(String[] args) throws Exception {
    DjlWorker worker = new DjlWorker(Protocol.arguments(args));
    try (Model model = Model.newInstance("bench", "PyTorch")) {
      NDManager manager = model.getNDManager();
      NDArray images = worker.images(manager);
      NDArray labels = worker.labels(manager);
      DjlNetwork network = new DjlNetwork(Integer.parseInt(worker.arguments.get("width")), CLASSES);
      String weights = worker.arguments.get("weights");
      if (weights != null) {
        network.load(manager, Path.of(weights));
      }
      model.setBlock(network.body());
      if (worker.arguments.get("task").equals("train")) {
        worker.train(model, images, labels);
      } else {
        worker.infer(model, images, labels);
      }
    }
  }

  private void train(Model model, NDArray images, NDArray labels) throws Exception {
    Optimizer sgd =
        Optimizer.sgd()
            .setLearningRateTracker(Tracker.fixed(1e-3f))
            .optMomentum(0.9f)
            .optWeightDecays(5e-4f)
            .build();
    try (Trainer trainer =
        model.newTrainer(new DefaultTrainingConfig(crossEntropy).optOptimizer(sgd))) {
      trainer.initialize(images.getShape());
      Protocol.send("first", Map.of("loss", step(trainer, images, labels, true)));
      Protocol.serve(() -> step(trainer, images, labels, false), warm, metadata());
    }
  }

  /** One training step; what it makes lives in a manager of its own and is freed with it. */
  private float step(Trainer trainer, NDArray images, NDArray labels, boolean wanted) {
    float value = 0;
    try (NDManager own = trainer.getManager().newSubManager()) {
      images.tempAttach(own);
      labels.tempAttach(own);
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDList logits = trainer.forward(new NDList(images));
        NDArray loss = crossEntropy.evaluate(new NDList(labels), logits);
        collector.backward(loss);
        if (wanted) {
          value = loss.getFloat();
        }
      }
      trainer.step();
    }
    return value;
  }

  private void infer(Model model, NDArray images, NDArray labels) throws Exception {
    NDManager manager = model.getNDManager();
    model.getBlock().initialize(manager, images.getDataType(), images.getShape());
    try (Predictor<NDList, NDList> predictor = model.newPredictor(new NoopTranslator(null))) {
      Protocol.send("first", Map.of("loss", predict(manager, predictor, images, labels)));
      Protocol.serve(() -> predict(manager, predictor, images, null), warm, metadata());
    }
  }

  /** One prediction, and its loss where labels are given; what it makes is freed at its end. */
  private float predict(
      NDManager manager, Predictor<NDList, NDList> predictor, NDArray images, NDArray labels)
      throws TranslateException {
    try (NDManager own = manager.newSubManager()) {
      images.tempAttach(own);
      NDList logits = predictor.predict(new NDList(images));
      logits.attach(own);
      return labels == null ? 0 : crossEntropy.evaluate(new NDList(labels), logits).getFloat();
    }
  }

  private static Map<String, Object> metadata() {
    Engine engine = Engine.getEngine("PyTorch");
    return Map.of(
        "versions",
        Protocol.object(
            Map.of(
                "DJL",
                Engine.getDjlVersion(),
                "PyTorch",
                engine.getVersion(),
                "Java",
                Runtime.version().toString())));
  }

  private NDArray labels(NDManager manager) throws IOException {
    byte[] bytes = Files.readAllBytes(Path.of(arguments.get("data"), "labels.bin"));
    long[] labels = new long[batch];
    for (int i = 0; i < batch; i++) {
      labels[i] = bytes[i];
    }
    return manager.create(labels);
  }

  /** The first images, normalised, channels first. */
  private NDArray images(NDManager manager) throws IOException {
    byte[] pixels = Files.readAllBytes(Path.of(arguments.get("data"), "images.bin"));
    int area = SIDE * SIDE;
    float[] values = new float[batch * 3 * area];
    for (int i = 0; i < batch; i++) {
      for (int c = 0; c < 3; c++) {
        for (int p = 0; p < area; p++) {
          float scaled = (pixels[(i * area + p) * 3 + c] & 0xff) / 255f;
          values[(i * 3 + c) * area + p] = (scaled - MEAN[c]) / DEVIATION[c];
        }
      }
    }
    return manager.create(values, new Shape(batch, 3, SIDE, SIDE));
  }
}
