package dev.lamina.cli;

import ai.djl.engine.Engine;
import ai.onnxruntime.OrtEnvironment;
import com.google.common.primitives.Floats;
import com.google.common.primitives.Ints;
import dev.lamina.Runtimes;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Images;
import dev.lamina.format.Safetensors;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import dev.lamina.network.Network;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.tensorflow.TensorFlow;

/**
 * The JVM's part of tools/interop/run. {@code export MODEL OUT IMAGES} writes a model in every
 * form, up to 1,000 test images scaled to its size, and the probabilities that Lamina and the JVM's
 * runtimes give them. {@code import MODEL OUT IMAGES} reads weights from PyTorch and writes the
 * probabilities that Lamina gives with them. MODEL is an export or a run, IMAGES a folder or
 * "embedded".
 */
public final class InteropRun {
  private static final int COUNT = 1000;

  private final Path source;
  private final Model model;
  private final Path out;
  private final ImageSet images;

  private InteropRun(Path source, Model model, Path out, ImageSet images) {
    this.source = source;
    this.model = model;
    this.out = out;
    this.images = images;
  }

  public static void main(String[] args) throws Exception {
    ImageSet all =
        args[3].equals(DataOption.EMBEDDED)
            ? ImageData.embedded().test()
            : ImageData.open(Path.of(args[3])).test();
    int[] first = IntStream.range(0, Math.min(COUNT, all.size())).toArray();
    Path named = Path.of(args[1]);
    Path source = RunConfig.isRun(named) ? RunConfig.weights(named) : named;
    try (Model model = Model.load(source)) {
      InteropRun interop =
          new InteropRun(source, model, Path.of(args[2]), fit(all.subset(first), model));
      if (args[0].equals("export")) {
        interop.exportModel();
      } else {
        interop.importWeights();
      }
    }
  }

  /** The images in the network's size, their classes turned into some of the network's. */
  private static ImageSet fit(ImageSet set, Model model) {
    Network network = model.network();
    int[] labels = IntStream.of(set.labels()).map(label -> label % network.classes()).toArray();
    byte[] pixels = new byte[Math.toIntExact(set.size() * network.inputShape().size())];
    int at = 0;
    for (int i = 0; i < set.size(); i++) {
      BufferedImage scaled =
          new BufferedImage(network.width(), network.height(), BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = scaled.createGraphics();
      graphics.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      graphics.drawImage(set.toBufferedImage(i), 0, 0, network.width(), network.height(), null);
      graphics.dispose();
      byte[] colours = Images.pixels(scaled);
      for (int p = 0; p < network.height() * network.width(); p++) {
        for (int c = 0; c < network.channels(); c++) {
          pixels[at++] = colours[p * 3 + c % 3];
        }
      }
    }
    return ImageSet.of(
        network.height(), network.width(), network.channels(), pixels, labels, model.classNames());
  }

  private void exportModel() throws Exception {
    writeImages();
    Path savedModel = out.resolve("saved_model/1");
    if (Files.isDirectory(source)) {
      copy(source, savedModel);
    } else {
      model.export(savedModel);
    }
    Path onnx = out.resolve("model.onnx");
    model.exportOnnx(onnx, model.metadata());
    model.saveWeights(out.resolve("weights.safetensors"));
    predict("lamina");
    long[] shape = {images.size(), images.height(), images.width(), images.channels()};
    byte[] pixels = new byte[images.pixels().remaining()];
    images.pixels().get(pixels);
    // First: it makes ONNX Runtime's environment.
    float[][] djl = Runtimes.djl(onnx, pixels, shape);
    String ort = OrtEnvironment.getEnvironment().getVersion();
    write(
        "09-onnxruntime-java",
        "ONNX, ONNX Runtime Java",
        ort,
        Runtimes.onnxRuntime(onnx.toString(), pixels, shape));
    write("10-djl", "ONNX, DJL", Engine.getDjlVersion() + ", " + ort, djl);
    write(
        "11-tensorflow-java",
        "SavedModel, TensorFlow Java",
        TensorFlow.version(),
        Runtimes.tensorFlow(savedModel.toString(), pixels, shape));
  }

  private void importWeights() {
    model.loadWeights(out.resolve("torch-weights.safetensors"));
    predict("lamina-torch-weights");
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(file));
        Files.createDirectories(target.resolveSibling(""));
        Files.copy(file, target);
      }
    }
  }

  private void writeImages() throws IOException {
    byte[] pixels = new byte[images.pixels().remaining()];
    images.pixels().get(pixels);
    float[] labels = Floats.toArray(Ints.asList(images.labels()));
    new Safetensors(
            Map.of(
                "pixels",
                Tensor.of(pixels),
                "labels",
                Tensor.of(new long[] {labels.length}, labels)),
            Map.of())
        .write(out.resolve("images.safetensors"));
    Path folder = Files.createDirectories(out.resolve("images"));
    for (int i = 0; i < images.size(); i++) {
      Path file = folder.resolve(String.format(Locale.ROOT, "%04d.png", i));
      ImageIO.write(images.toBufferedImage(i), "png", file.toFile());
    }
  }

  private void predict(String name) {
    List<Prediction> predictions = model.predict(images);
    float[][] rows = new float[predictions.size()][];
    for (int i = 0; i < rows.length; i++) {
      double[] row = predictions.get(i).probabilities().toArray();
      rows[i] = new float[row.length];
      for (int k = 0; k < row.length; k++) {
        rows[i][k] = (float) row[k];
      }
    }
    write(name, "Lamina", Environment.version() + ", TensorFlow " + TensorFlow.version(), rows);
  }

  private void write(String name, String runtime, String version, float[][] rows) {
    float[] flat = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * rows[0].length, rows[0].length);
    }
    new Safetensors(
            Map.of("probabilities", Tensor.of(new long[] {rows.length, rows[0].length}, flat)),
            Map.of("runtime", runtime, "version", version, "reference", "lamina"))
        .write(out.resolve("results").resolve(name + ".safetensors"));
  }
}
