package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Images;
import dev.lamina.export.FrozenNetwork;
import dev.lamina.export.OnnxWriter;
import dev.lamina.export.SavedModelWriter;
import dev.lamina.export.Servable;
import dev.lamina.export.WeightsFile;
import dev.lamina.graph.Context;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Variable;
import dev.lamina.layer.GradientCheck;
import dev.lamina.layer.Layers;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * A network with its weights. It holds native memory: close it, best by try-with-resources. One
 * that is forgotten is freed, with a warning, when the garbage collector finds it.
 *
 * <p>Prediction and evaluation are safe from many threads, also while one other thread trains,
 * assigns weights, or closes the model. A prediction sees the weights as they are after some
 * assignment. While a {@link dev.lamina.graph.GraphSession#startUpdating training step exists}, it
 * reads every weight tensor as it is at that moment: each tensor is whole, before or after a step's
 * update of it, but two tensors may be from two different steps.
 */
public final class Model implements AutoCloseable {
  /**
   * Images evaluated at once. Larger ones are slower on a CPU: what layers pass on leaves its
   * cache.
   */
  private static final int BATCH = 32;

  private final Network network;
  private final GraphSession session;
  private final List<Variable> variables;
  private final Placeholder<TUint8> images;
  private final Operand<TFloat32> logits;
  private final Frozen frozen;
  private volatile List<String> classNames;
  private volatile Map<String, String> metadata = Map.of();

  private Model(Network network, GraphSession session) {
    this.network = network;
    this.session = session;
    classNames = IntStream.range(0, network.classes()).mapToObj(Integer::toString).toList();
    variables = Layers.createVariables(session, network.body(), network.inputShape());
    Context context = Context.inference(session);
    images =
        context
            .tf()
            .withName("images")
            .placeholder(
                TUint8.class,
                Placeholder.shape(
                    Shape.of(-1, network.height(), network.width(), network.channels())));
    logits = network.apply(context, images);
    frozen = new Frozen(session::version, () -> new FrozenNetwork(servable(Map.of())));
  }

  /**
   * A model with initial weights that depend on the seed alone.
   *
   * @throws IllegalArgumentException where the network's layers do not fit together
   */
  public static Model of(Network network, long seed) {
    // Before anything native is made: refuses layers that do not fit together.
    network.classes();
    GradientCheck.verify(network.body(), network.inputShape());
    GraphSession session = new GraphSession();
    try {
      Model model = new Model(network, session);
      Map<Variable, float[]> values = new LinkedHashMap<>();
      model.variables.forEach(variable -> values.put(variable, variable.initialValues(seed)));
      session.assign(values);
      return model;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** A model with initial weights of seed 0. */
  public static Model of(Network network) {
    return of(network, 0);
  }

  /**
   * The model that {@link #export(Path)} or {@link #saveWeights(Path)} wrote, to predict or to be
   * trained further.
   *
   * @param path the folder that holds {@code saved_model.pb}, or the file of weights
   * @throws dev.lamina.export.FormatException where it was not written by this library, is damaged,
   *     or holds layers that are code, such as lambdas
   * @throws java.io.UncheckedIOException where the file is missing or cannot be read
   */
  public static Model load(Path path) {
    Servable from = Loaded.read(path);
    return Loaded.model(from, from.classNames(), 0);
  }

  /**
   * The model that {@link #export(Path)} or {@link #saveWeights(Path)} wrote, for other classes:
   * where their names differ, the weights in front of the classifier are kept, and the classifier
   * (the last dense layer, and what follows it) starts anew.
   *
   * @param path as in {@link #load(Path)}
   * @param classNames the classes to come, as {@link ImageSet#classNames()} gives them
   * @param seed decides the initial weights of a new classifier
   * @throws dev.lamina.export.FormatException as in {@link #load(Path)}
   * @throws java.io.UncheckedIOException as in {@link #load(Path)}
   * @throws IllegalArgumentException where the classes differ and the network has no classifier
   */
  public static Model load(Path path, List<String> classNames, long seed) {
    return Loaded.model(Loaded.read(path), classNames, seed);
  }

  /** The model for other classes, a new classifier with initial weights of seed 0. */
  public static Model load(Path path, List<String> classNames) {
    return load(path, classNames, 0);
  }

  /** The architecture. */
  public Network network() {
    return network;
  }

  /**
   * The names of the classes; "0", "1", ... until training or {@link #classNames(List)} sets them.
   */
  public List<String> classNames() {
    return classNames;
  }

  /** Names the classes. */
  public void classNames(List<String> names) {
    checkArgument(
        names.size() == network.classes(),
        "classNames must have one name for each of the %s classes, got %s",
        network.classes(),
        names.size());
    classNames = List.copyOf(names);
  }

  /**
   * The facts that were written along with the export or the weights that this model was loaded
   * from, such as its test accuracy; empty where there were none. They are about the weights of
   * then, and are not written again by themselves.
   */
  public Map<String, String> metadata() {
    return metadata;
  }

  void metadata(Map<String, String> facts) {
    metadata = facts;
  }

  /** The graph and the session that hold the weights, for what goes beyond this class. */
  public GraphSession session() {
    return session;
  }

  /** The weights and running statistics, in the order of the layers. */
  public List<Variable> variables() {
    return variables;
  }

  /** A table of the layers with output shapes, parameters and multiply-adds. */
  public String summary() {
    return network.summary();
  }

  /** The logits of every image, in order. */
  public float[][] logits(ImageSet set) {
    checkShape(set);
    float[][] all = new float[set.size()][];
    for (int start = 0; start < set.size(); start += BATCH) {
      float[][] rows = batch(set, start);
      System.arraycopy(rows, 0, all, start, rows.length);
    }
    return all;
  }

  /**
   * Loss, accuracy and confusion matrix.
   *
   * @throws IllegalArgumentException where the images have another shape or other classes than the
   *     network
   */
  public Evaluation evaluate(ImageSet set) {
    return evaluate(set, () -> false).orElseThrow();
  }

  /**
   * Loss, accuracy and confusion matrix; empty where it was cancelled before the last image.
   *
   * @param cancelled asked before every batch; true breaks off
   * @throws IllegalArgumentException as {@link #evaluate(ImageSet)} does
   */
  public Optional<Evaluation> evaluate(ImageSet set, BooleanSupplier cancelled) {
    checkFits(set);
    long[][] confusion = new long[set.classes()][set.classes()];
    double loss = 0;
    for (int start = 0; start < set.size(); start += BATCH) {
      if (cancelled.getAsBoolean()) {
        return Optional.empty();
      }
      float[][] rows = batch(set, start);
      for (int i = 0; i < rows.length; i++) {
        int label = set.label(start + i);
        confusion[label][Softmax.argMax(rows[i])]++;
        loss += Softmax.crossEntropy(rows[i], label);
      }
    }
    return Optional.of(new Evaluation(loss, confusion, classNames));
  }

  /**
   * Checks that images can be evaluated or trained on.
   *
   * @throws IllegalArgumentException where the images have another shape or other classes than the
   *     network
   */
  public void checkFits(ImageSet set) {
    checkShape(set);
    checkArgument(
        set.classes() == network.classes(),
        "classes of the images must be the network's %s, got %s",
        network.classes(),
        set.classes());
  }

  /**
   * Makes the frozen network and runs it once with as many images, so that the first prediction is
   * as fast as those after it. Without it the first one after a change of the weights pays for
   * that.
   *
   * @param batchSize the number of images of the predictions to come
   */
  public void warmUp(int batchSize) {
    checkArgument(batchSize > 0, "batchSize must be positive, got %s", batchSize);
    run(new byte[Math.toIntExact(batchSize * network.inputShape().size())], batchSize);
  }

  /** Predictions for every image, in order. */
  public List<Prediction> predict(ImageSet set) {
    List<Prediction> predictions = new ArrayList<>();
    for (float[] row : logits(set)) {
      predictions.add(prediction(row));
    }
    return predictions;
  }

  /** Predictions for several image files, in order; each must have the network's size. */
  public List<Prediction> predict(List<Path> images) {
    byte[][] pixels = new byte[images.size()][];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Images.read(images.get(i), network.height(), network.width());
    }
    return predict(pixels);
  }

  /** Predictions for several images, in order; each as in {@link #predict(byte[])}. */
  public List<Prediction> predict(byte[][] images) {
    List<Prediction> predictions = new ArrayList<>();
    int bytes = Math.toIntExact(network.inputShape().size());
    for (int start = 0; start < images.length; start += BATCH) {
      int count = Math.min(BATCH, images.length - start);
      byte[] pixels = new byte[count * bytes];
      for (int i = 0; i < count; i++) {
        checkLength(images[start + i]);
        System.arraycopy(images[start + i], 0, pixels, i * bytes, bytes);
      }
      for (float[] row : run(pixels, count)) {
        predictions.add(prediction(row));
      }
    }
    return predictions;
  }

  /**
   * The prediction for one image.
   *
   * @param pixels height x width x channels bytes, each 0 to 255 (unsigned), row by row, the
   *     channels of a pixel together
   */
  public Prediction predict(byte[] pixels) {
    checkLength(pixels);
    return prediction(run(pixels, 1)[0]);
  }

  /**
   * The prediction for one image.
   *
   * @param pixels [height][width][channels], each 0 to 255
   */
  public Prediction predict(int[][][] pixels) {
    return predict(Pixels.bytes(pixels, network.height(), network.width(), network.channels()));
  }

  /** The prediction for one image, which must have the network's size. */
  public Prediction predict(BufferedImage image) {
    checkArgument(
        image.getHeight() == network.height() && image.getWidth() == network.width(),
        "image must be %s x %s (width x height), got %s x %s; scale it first",
        network.width(),
        network.height(),
        image.getWidth(),
        image.getHeight());
    return predict(Images.pixels(image));
  }

  /**
   * The prediction for one image file (PNG, JPEG, GIF or BMP), which must have the network's size.
   *
   * @throws dev.lamina.data.DataException where the file is missing, no image, or of another size
   */
  public Prediction predict(Path image) {
    return predict(Images.read(image, network.height(), network.width()));
  }

  /**
   * Writes weights and running statistics as safetensors, in PyTorch's names and layout. The file
   * is replaced as a whole.
   */
  public void saveWeights(Path file) {
    saveWeights(file, Map.of());
  }

  /** Writes weights that carry some facts of their training. */
  public void saveWeights(Path file, Map<String, String> metadata) {
    WeightsFile.write(file, servable(metadata));
  }

  /**
   * Reads weights and running statistics from a safetensors file in PyTorch's names and layout.
   *
   * @throws dev.lamina.export.FormatException where the file is damaged or is not of this network;
   *     the model is unchanged then
   */
  public void loadWeights(Path file) {
    assign(WeightsFile.read(file, Layers.parameters(network.body(), network.inputShape())));
  }

  void assign(Map<String, float[]> weights) {
    Map<Variable, float[]> values = new LinkedHashMap<>();
    weights.forEach((name, value) -> values.put(session.variable(name), value));
    session.assign(values);
  }

  /**
   * Writes a SavedModel; {@link SavedModelWriter} says what is in it.
   *
   * @param folder what becomes the SavedModel; must not exist or be empty
   */
  public void export(Path folder) {
    export(folder, Map.of());
  }

  /** Writes a SavedModel that carries some facts of its training. */
  public void export(Path folder, Map<String, String> metadata) {
    SavedModelWriter.write(folder, servable(metadata));
  }

  /**
   * Writes an ONNX file: images uint8 [batch, height, width, channels] to probabilities, logits and
   * class_ids. The file is replaced as a whole.
   *
   * @throws IllegalArgumentException where a layer is not one of Lamina's own, or is a lambda
   */
  public void exportOnnx(Path file) {
    exportOnnx(file, Map.of());
  }

  /** Writes an ONNX file that carries some facts of its training. */
  public void exportOnnx(Path file, Map<String, String> metadata) {
    OnnxWriter.write(file, servable(metadata));
  }

  private Servable servable(Map<String, String> metadata) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    session.read(variables).forEach((variable, values) -> weights.put(variable.name(), values));
    return new Servable(
        network.name(),
        network.height(),
        network.width(),
        network.channels(),
        network.body(),
        weights,
        classNames,
        metadata);
  }

  private void checkLength(byte[] pixels) {
    long expected = network.inputShape().size();
    checkArgument(
        pixels.length == expected,
        "pixels must be %s bytes (%s x %s x %s), got %s",
        expected,
        network.height(),
        network.width(),
        network.channels(),
        pixels.length);
  }

  private Prediction prediction(float[] row) {
    return new Prediction(ImmutableDoubleArray.copyOf(Softmax.of(row)), classNames);
  }

  private void checkShape(ImageSet set) {
    Shape shape = Shape.of(set.height(), set.width(), set.channels());
    checkArgument(
        shape.equals(network.inputShape()),
        "images must be %s x %s x %s (height x width x channels), got %s x %s x %s",
        network.height(),
        network.width(),
        network.channels(),
        set.height(),
        set.width(),
        set.channels());
  }

  /** The logits of the images from a place on, at most {@link #BATCH} of them. */
  private float[][] batch(ImageSet set, int start) {
    int bytes = Math.toIntExact(network.inputShape().size());
    int count = Math.min(BATCH, set.size() - start);
    byte[] pixels = new byte[count * bytes];
    set.pixels(start, start + count).get(pixels);
    return run(pixels, count);
  }

  private float[][] run(byte[] pixels, int count) {
    try (TUint8 batch =
            TUint8.tensorOf(
                Shape.of(count, network.height(), network.width(), network.channels()),
                DataBuffers.of(pixels, true, false));
        TFloat32 result = logits(batch)) {
      float[] flat = GraphSession.floats(result);
      int classes = flat.length / count;
      float[][] rows = new float[count][];
      for (int i = 0; i < count; i++) {
        rows[i] = java.util.Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
      }
      return rows;
    }
  }

  /**
   * While the model is trained, what the variables give at this moment; else what the frozen
   * network gives, which is faster.
   */
  private TFloat32 logits(TUint8 batch) {
    return session.updating()
        ? (TFloat32) session.run(runner -> runner.feed(images, batch).fetch(logits)).get(0)
        : frozen.with(network -> network.run(batch));
  }

  /**
   * Waits for the runs of other threads, then frees the native memory. Any later use throws {@link
   * IllegalStateException}, also the next batch of an evaluation that goes on in another thread.
   */
  @Override
  public void close() {
    // In this order: when the session is closed, nothing is frozen any more.
    session.close();
    frozen.close();
  }
}
