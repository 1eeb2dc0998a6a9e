package dev.lamina.cli;

import ai.djl.engine.Engine;
import ai.onnxruntime.OrtEnvironment;
import dev.lamina.Runtimes;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.export.Safetensors;
import dev.lamina.export.Safetensors.Tensor;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.tensorflow.TensorFlow;

/**
 * The JVM's part of tools/interop/run. {@code export RUN OUT IMAGES} writes a run's model in every
 * form, up to 1,000 test images, and the probabilities that Lamina and the JVM's runtimes give
 * them. {@code import RUN OUT IMAGES} reads weights from PyTorch and writes the probabilities that
 * Lamina gives with them. IMAGES is a folder or "embedded".
 */
public final class InteropRun {
  private static final int COUNT = 1000;

  private final Path run;
  private final Path out;
  private final ImageSet images;

  private InteropRun(Path run, Path out, ImageSet images) {
    this.run = run;
    this.out = out;
    this.images = images;
  }

  public static void main(String[] args) throws Exception {
    ImageSet all =
        args[3].equals(DataOption.EMBEDDED)
            ? ImageData.embedded().test()
            : ImageData.open(Path.of(args[3])).test();
    int[] first = IntStream.range(0, Math.min(COUNT, all.size())).toArray();
    InteropRun interop = new InteropRun(Path.of(args[1]), Path.of(args[2]), all.subset(first));
    if (args[0].equals("export")) {
      interop.exportModel();
    } else {
      interop.importWeights();
    }
  }

  private void exportModel() throws Exception {
    writeImages();
    String savedModel = out.resolve("saved_model/1").toString();
    Path onnx = out.resolve("model.onnx");
    try (Model model = RunConfig.load(run)) {
      model.export(Path.of(savedModel));
      model.exportOnnx(onnx);
      model.saveWeights(out.resolve("weights.safetensors"));
      predict("lamina", model);
    }
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
        Runtimes.tensorFlow(savedModel, pixels, shape));
  }

  private void importWeights() {
    try (Model model = RunConfig.read(run).build()) {
      model.loadWeights(out.resolve("torch-weights.safetensors"));
      predict("lamina-torch-weights", model);
    }
  }

  private void writeImages() throws IOException {
    Path folder = Files.createDirectories(out.resolve("images"));
    for (int i = 0; i < images.size(); i++) {
      Path file = folder.resolve(String.format(Locale.ROOT, "%04d-%d.png", i, images.label(i)));
      ImageIO.write(images.toBufferedImage(i), "png", file.toFile());
    }
  }

  private void predict(String name, Model model) {
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
