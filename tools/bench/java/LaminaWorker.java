import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Permutation;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Normalize;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.model.Prediction;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.step.TrainStep;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.tensorflow.TensorFlow;

/** Lamina, through what its users call. */
final class LaminaWorker {
  private static final int SIDE = 32;
  private static final int CLASSES = 10;
  private static final double LEARNING_RATE = 1e-3;
  private static final double MOMENTUM = 0.9;

  private final Map<String, String> arguments;
  private final int batch;
  private final double warm;

  private LaminaWorker(Map<String, String> arguments) {
    this.arguments = arguments;
    batch = Integer.parseInt(arguments.get("batch"));
    warm = Double.parseDouble(arguments.get("warm"));
  }

  /** Runs until the driver closes the pipe. */
  public static void main(String[] args) throws Exception {
    LaminaWorker worker = new LaminaWorker(Protocol.arguments(args));
    switch (worker.arguments.get("task")) {
      case "train" -> worker.train();
      case "parity" -> worker.parity();
      case "infer" -> worker.infer();
      case "pipeline" -> worker.pipeline();
      case "peak" ->
          ConvolutionPeak.serve(worker.network(), worker.batch, worker.precision(), worker.warm);
      default -> throw new IllegalArgumentException("unknown task");
    }
  }

  /** On live data, the batches of an epoch's permutation, cropped and flipped, or on one fixed batch. */
  private void train() throws Exception {
    if (arguments.containsKey("fixed")) {
      fixed();
      return;
    }
    try (Model model = model();
        TrainStep step = augmented().step(model, images())) {
      serve(new Epochs(step, Files.size(labelsFile()), batch), model);
    }
  }

  private void fixed() throws Exception {
    int[] first = IntStream.range(0, batch).toArray();
    long[] steps = {0};
    try (Model model = model();
        TrainStep step = trainer().build().step(model, images())) {
      serve(() -> step.run(first, steps[0]++, LEARNING_RATE, MOMENTUM), model);
    }
  }

  /** The loss of the first batch in training, without augmentation. */
  private void parity() throws Exception {
    try (Model model = model();
        TrainStep step = trainer().build().step(model, images())) {
      step.run(IntStream.range(0, batch).toArray(), 0, LEARNING_RATE, MOMENTUM);
      Protocol.send("first", Map.of("loss", step.metrics().loss()));
    }
  }

  private void infer() throws Exception {
    ImageSet images = images();
    byte[][] pixels = IntStream.range(0, batch).mapToObj(images::image).toArray(byte[][]::new);
    try (Model model = model()) {
      List<Prediction> first = model.predict(pixels);
      double loss = 0;
      for (int i = 0; i < batch; i++) {
        loss -= Math.log(first.get(i).probabilities().get(images.label(i))) / batch;
      }
      Protocol.send("first", Map.of("loss", loss));
      Protocol.Step step =
          batch == 1 ? () -> model.predict(pixels[0]) : () -> model.predict(pixels);
      Protocol.serve(step, warm, metadata(model));
    }
  }

  /**
   * Training steps of the smallest network there is, the mean colour of the normalised image and a
   * dense layer: nearly all that is left is the way of a batch.
   */
  private void pipeline() throws Exception {
    Network network =
        Network.input(SIDE, SIDE, 3)
            .then(
                Normalize.of(
                    new double[] {0.492, 0.482, 0.447}, new double[] {0.247, 0.243, 0.262}),
                GlobalAveragePool.create(),
                Dense.of(CLASSES));
    try (Model model = Model.of(network);
        TrainStep step = augmented().step(model, images())) {
      serve(new Epochs(step, Files.size(labelsFile()), batch), model);
    }
  }

  private void serve(Protocol.Step step, Model model) throws Exception {
    step.run();
    Protocol.send("first", Map.of());
    Protocol.serve(step, warm, metadata(model));
  }

  /** Steps through epochs as {@link Trainer#fit} does. */
  private static final class Epochs implements Protocol.Step {
    private final TrainStep trainStep;
    private final int batch;
    private final int size;
    private int[] order = {};
    private int next;
    private int epoch;
    private long steps;

    Epochs(TrainStep trainStep, long size, int batch) {
      this.trainStep = trainStep;
      this.size = Math.toIntExact(size);
      this.batch = batch;
    }

    @Override
    public void run() {
      if (next + batch > order.length) {
        order = Permutation.of(size, 1, ++epoch);
        next = 0;
      }
      trainStep.run(
          Arrays.copyOfRange(order, next, next + batch), steps++, LEARNING_RATE, MOMENTUM);
      next += batch;
    }
  }

  private Trainer augmented() {
    return trainer().augment(RandomCrop.reflect(4), RandomFlip.horizontal()).build();
  }

  private Trainer.Builder trainer() {
    return Trainer.builder()
        .optimizer(MomentumOptimizer.of(MOMENTUM).weightDecay(5e-4))
        .batchSize(batch)
        .precision(precision());
  }

  private Precision precision() {
    return Precision.valueOf(arguments.get("precision").toUpperCase(Locale.ROOT));
  }

  private Network network() {
    return ResNetCifar.builder().width(Integer.parseInt(arguments.get("width"))).network();
  }

  private Model model() {
    Device device = Device.auto();
    boolean compiled =
        arguments.containsKey("compiled") && device.kind() == Device.Kind.GPU;
    Model model = Model.of(network(), 0, compiled ? device.compiled() : device);
    String weights = arguments.get("weights");
    if (weights != null) {
      model.loadWeights(Path.of(weights));
    }
    return model;
  }

  private Path labelsFile() {
    return Path.of(arguments.get("data"), "labels.bin");
  }

  private ImageSet images() throws IOException {
    byte[] pixels = Files.readAllBytes(Path.of(arguments.get("data"), "images.bin"));
    byte[] bytes = Files.readAllBytes(labelsFile());
    int[] labels = IntStream.range(0, bytes.length).map(i -> bytes[i]).toArray();
    List<String> classes = IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
    return ImageSet.of(SIDE, SIDE, 3, pixels, labels, classes);
  }

  private static Map<String, Object> metadata(Model model) {
    return Map.of(
        "multiply_adds",
        model.network().macs(),
        "versions",
        Protocol.object(
            Map.of("TensorFlow", TensorFlow.version(), "Java", Runtime.version().toString())));
  }
}
