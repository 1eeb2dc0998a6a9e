package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.Maps;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Preprocessing;
import dev.lamina.distributed.Cluster;
import dev.lamina.format.OnnxWriter;
import dev.lamina.format.SavedModelWriter;
import dev.lamina.format.WeightsFile;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import dev.lamina.layer.Layers;
import dev.lamina.metric.Metric;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * A network with its weights. It holds native memory: close it, preferably with try-with-resources.
 * A model that was not closed is freed by the garbage collector, with a warning.
 *
 * <pre>{@code
 * try (Model model = Model.load(Path.of("export/1"))) {
 *   Prediction prediction = model.predict(Path.of("photo.png"));
 *   System.out.println(prediction.best());
 * }
 * }</pre>
 *
 * <p>Prediction and evaluation are safe from many threads, also while one other thread trains,
 * assigns weights, or closes the model. Each call uses the weights of one moment throughout: those
 * after some step or assignment, never those in between.
 */
public final class Model implements AutoCloseable {
  private final Network network;
  private final GraphSession session;
  private final List<Variable> variables;
  private final Inputs inputs;
  private final InferenceCache inference;
  private volatile List<String> classNames;
  private volatile Preprocessing preprocessing;
  private volatile Map<String, String> metadata = Map.of();

  private Model(Network network, GraphSession session) {
    this.network = network;
    this.session = session;
    inputs = new Inputs(network);
    classNames = inputs.unnamedClasses();
    preprocessing = Preprocessing.defaultFor(network.height(), network.width());
    variables = Layers.createVariables(session, network.body(), network.inputShape());
    Freezer freezer =
        new Freezer(network, session, variables, weights -> servable(weights, Map.of()));
    inference = new InferenceCache(session::version, freezer);
  }

  /** Returns a model on {@link Device#auto()}, as {@link #of(Network, long, Device)} does. */
  public static Model of(Network network, long seed) {
    return of(network, seed, Device.auto());
  }

  /**
   * Returns a model with initial weights that depend on the seed alone. In a process that has
   * joined a {@link Cluster} it is trained together with the same model of the other workers.
   *
   * @param device where it is trained and run
   * @throws IllegalArgumentException if the network's layers do not fit together, or TensorFlow
   *     cannot use the device
   */
  public static Model of(Network network, long seed, Device device) {
    return of(network, device, variable -> variable.initialValues(seed));
  }

  /** Returns a model with given weights. */
  static Model of(Network network, Device device, Function<Variable, float[]> weights) {
    // First, so that nothing native exists yet: rejects layers that do not fit together.
    network.classes();
    GraphSession session = new GraphSession(device, Cluster.joined());
    try {
      Model model = new Model(network, session);
      session.assign(Maps.toMap(model.variables, weights::apply));
      return model;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** Returns a model with initial weights of seed 0. */
  public static Model of(Network network) {
    return of(network, 0);
  }

  /**
   * Loads a model that {@link #export(Path)} or {@link #saveWeights(Path)} wrote, for prediction or
   * further training; or that of a checkpoint, with the weights that the run evaluated.
   *
   * @param path the folder that holds {@code saved_model.pb}, or the file of weights or a
   *     checkpoint
   * @throws dev.lamina.io.LaminaException if it was not written by this library, is damaged, or
   *     holds layers that are code, such as lambdas
   * @throws java.io.UncheckedIOException if the file is missing or cannot be read
   */
  public static Model load(Path path) {
    return load(path, Device.auto());
  }

  /** Loads a model as {@link #load(Path)} does, on a device. */
  public static Model load(Path path, Device device) {
    Servable from = ModelLoader.read(path);
    return ModelLoader.model(from, from.classNames(), 0, device);
  }

  /**
   * Loads a model that {@link #export(Path)} or {@link #saveWeights(Path)} wrote, for other
   * classes: as {@link #load(Path)} does. If their names differ, the weights before the classifier
   * are kept, and the classifier (the last dense layer, and what follows it) is initialised again.
   *
   * @param classNames the new classes, as {@link ImageSet#classNames()} gives them
   * @param seed determines the initial weights of a new classifier
   * @param device where it is trained and run
   * @throws IllegalArgumentException if the classes differ and the network has no classifier
   */
  public static Model load(Path path, List<String> classNames, long seed, Device device) {
    return ModelLoader.model(ModelLoader.read(path), classNames, seed, device);
  }

  /** Loads a model so, with seed 0, on {@link Device#auto()}. */
  public static Model load(Path path, List<String> classNames) {
    return load(path, classNames, 0, Device.auto());
  }

  /** Returns the architecture. */
  public Network network() {
    return network;
  }

  /** Returns the names of the classes; "0", "1", ... until training or a call sets them. */
  public List<String> classNames() {
    return classNames;
  }

  /** Sets the names of the classes, one for each. */
  public void classNames(List<String> names) {
    inputs.checkClasses(names);
    classNames = List.copyOf(names);
  }

  /** Returns how files become the input; {@link Preprocessing#defaultFor} until it is set. */
  public Preprocessing preprocessing() {
    return preprocessing;
  }

  /** Sets how image files become the input: images of the network's size. Training sets it. */
  public void preprocessing(Preprocessing preprocessing) {
    inputs.check(preprocessing);
    this.preprocessing = preprocessing;
  }

  /** Returns the metadata of the file of this model, such as its accuracy; not written again. */
  public Map<String, String> metadata() {
    return metadata;
  }

  void metadata(Map<String, String> loaded) {
    metadata = loaded;
  }

  /** Returns the graph and session that hold the weights, for uses beyond this class. */
  public GraphSession session() {
    return session;
  }

  /** Returns the variables of weights and running statistics, in the order of the layers. */
  public List<Variable> variables() {
    return variables;
  }

  /** Returns a table of the layers with output shapes, parameters and MACs. */
  public String summary() {
    return network.summary();
  }

  /** Returns where the model is trained and run. */
  public Device device() {
    return session.device();
  }

  /** Returns all weights and running statistics of this moment. */
  public Weights weights() {
    return Weights.read(session, variables);
  }

  /**
   * Sets weights and running statistics.
   *
   * @param weights all of them or some, by full name
   * @throws IllegalArgumentException if there is no variable of a name, or it has another size
   */
  public void assign(Weights weights) {
    weights.write(session);
  }

  /**
   * Computes the weights of {@link dev.lamina.layer.Whitening} layers, if any, from images.
   *
   * @throws IllegalArgumentException if the images have another shape than the network's, or if
   *     such a layer has others than normalisations before it
   */
  public void adapt(ImageSet images) {
    inputs.check(images);
    assign(Weights.of(Adaptation.weights(network, images)));
  }

  /**
   * Returns the logits of every image, in order: [images][classes].
   *
   * @throws IllegalArgumentException if the images have another shape than the network's
   */
  public float[][] logits(ImageSet set) {
    inputs.check(set);
    return inference.with(evaluator -> evaluator.logits(set));
  }

  /**
   * Returns loss, accuracy, confusion matrix, scores of each class, calibration and the most
   * confident mistakes, all of one pass over the images.
   *
   * @param metrics further metrics
   * @throws IllegalArgumentException as {@link #checkFits(ImageSet)} does, or if the names of the
   *     classes are not those of the model, in its order; the names "0", "1", ... fit all
   */
  public Evaluation evaluate(ImageSet set, Metric... metrics) {
    return evaluate(set, Tta.none(), metrics);
  }

  /** Returns the evaluation of the weighted mean of the logits of several views of each image. */
  public Evaluation evaluate(ImageSet set, Tta tta, Metric... metrics) {
    checkFits(set);
    inputs.checkNames(set, classNames);
    return inference
        .with(evaluator -> evaluator.evaluate(set, tta, classNames, List.of(metrics), () -> false))
        .orElseThrow();
  }

  /**
   * Returns the evaluation that the model would have with other weights; empty if it was cancelled
   * before the last image. The computation is that of {@link #evaluate(ImageSet, Metric...)}.
   *
   * @param weights all weights and running statistics of the network; those of now if empty
   * @param metrics further metrics
   * @param cancelled asked before every batch; true stops
   * @throws IllegalArgumentException as {@link #checkFits(ImageSet)} does
   */
  public Optional<Evaluation> evaluate(
      ImageSet set, Optional<Weights> weights, List<Metric> metrics, BooleanSupplier cancelled) {
    checkFits(set);
    return inference.with(
        weights, evaluator -> evaluator.evaluate(set, Tta.none(), classNames, metrics, cancelled));
  }

  /**
   * Checks that images can be evaluated or trained on.
   *
   * @throws IllegalArgumentException if the images have another shape or other classes than the
   *     network
   */
  public void checkFits(ImageSet set) {
    inputs.checkFits(set);
  }

  /** Freezes the weights and runs one batch, so that the next prediction is not the first. */
  public void warmUp(int batchSize) {
    checkArgument(batchSize > 0, "batchSize must be positive, got %s", batchSize);
    byte[] pixels = new byte[Math.toIntExact(batchSize * network.inputShape().size())];
    inference.with(evaluator -> evaluator.logits(pixels, batchSize));
  }

  /** Returns predictions for every image, in order; throws as {@link #logits(ImageSet)} does. */
  public List<Prediction> predict(ImageSet set) {
    return Prediction.of(logits(set), classNames);
  }

  /** Returns predictions for several image files, in order; each as in {@link #predict(Path)}. */
  public List<Prediction> predict(List<Path> images) {
    return predict(
        images.parallelStream()
            .map(image -> inputs.bytes(image, preprocessing))
            .toArray(byte[][]::new));
  }

  /** Returns predictions for several images, in order; each as in {@link #predict(byte[])}. */
  public List<Prediction> predict(byte[][] images) {
    Arrays.stream(images).forEach(inputs::check);
    return Prediction.of(inference.with(evaluator -> evaluator.logits(images)), classNames);
  }

  /**
   * Returns the prediction for one image.
   *
   * @param pixels height x width x channels bytes, each 0 to 255 (unsigned), row by row, the
   *     channels of a pixel together
   */
  public Prediction predict(byte[] pixels) {
    return predict(new byte[][] {pixels}).get(0);
  }

  /** Returns the prediction for one image: [height][width][channels], each 0 to 255. */
  public Prediction predict(int[][][] pixels) {
    return predict(inputs.bytes(pixels));
  }

  /** Returns the prediction for one image, resized as {@link #preprocessing()} says. */
  public Prediction predict(BufferedImage image) {
    return predict(inputs.bytes(image, preprocessing));
  }

  /**
   * Returns the prediction for one image file, prepared as {@link #preprocessing()} says.
   *
   * @throws dev.lamina.io.LaminaException if the file is missing or is not a readable image
   */
  public Prediction predict(Path image) {
    return predict(inputs.bytes(image, preprocessing));
  }

  /**
   * Writes weights and running statistics as safetensors, in PyTorch's names and layout. The file
   * is replaced atomically.
   *
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public void saveWeights(Path file) {
    saveWeights(file, Map.of());
  }

  /** Writes weights as {@link #saveWeights(Path)} does, with metadata. */
  public void saveWeights(Path file, Map<String, String> metadata) {
    WeightsFile.write(file, servable(weights(), metadata));
  }

  /** Writes other weights of this network as {@link #saveWeights(Path, Map)} does. */
  public void saveWeights(Path file, Weights weights, Map<String, String> metadata) {
    WeightsFile.write(file, servable(weights, metadata));
  }

  /**
   * Reads weights and running statistics from a safetensors file in PyTorch's names and layout. As
   * in PyTorch, every name must be there and no other, except for {@code num_batches_tracked};
   * prefixes of DataParallel, torch.compile and Lightning are removed. Of a checkpoint, these are
   * the weights that the run evaluated.
   *
   * @throws dev.lamina.io.LaminaException if the file is damaged or is not of this network; the
   *     model is unchanged then
   */
  public void loadWeights(Path file) {
    assign(Weights.of(WeightsFile.weights(file, network)));
  }

  /**
   * Writes a SavedModel as {@link SavedModelWriter} describes it.
   *
   * @param folder the folder to create; may exist if it is empty
   * @throws IllegalArgumentException if the folder is not empty
   * @throws java.io.UncheckedIOException if it cannot be written
   */
  public void export(Path folder) {
    export(folder, Map.of());
  }

  /** Writes a SavedModel as {@link #export(Path)} does, with metadata. */
  public void export(Path folder, Map<String, String> metadata) {
    SavedModelWriter.write(folder, servable(weights(), metadata));
  }

  /**
   * Writes an ONNX file: images uint8 [batch, height, width, channels] to probabilities, logits and
   * class_ids. The file is replaced atomically.
   *
   * @throws IllegalArgumentException if a layer is a lambda, or is not one of Lamina's own and has
   *     no converter (see {@link dev.lamina.format.OnnxConverters#register})
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public void exportOnnx(Path file) {
    exportOnnx(file, Map.of());
  }

  /** Writes an ONNX file as {@link #exportOnnx(Path)} does, with metadata. */
  public void exportOnnx(Path file, Map<String, String> metadata) {
    OnnxWriter.write(file, servable(weights(), metadata));
  }

  private Servable servable(Weights weights, Map<String, String> metadata) {
    return new Servable(network, weights.asMap(), classNames, preprocessing, metadata);
  }

  /**
   * Waits for the runs of other threads, then frees the native memory. Any later use throws {@link
   * IllegalStateException}, also the next batch of an evaluation that continues in another thread.
   */
  @Override
  public void close() {
    // In this order: a closed session can no longer be frozen.
    session.close();
    inference.close();
  }
}
