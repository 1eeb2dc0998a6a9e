package dev.lamina.format;

import dev.lamina.format.Safetensors.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/**
 * Loads and runs a SavedModel in a separate JVM, with only TensorFlow. Arguments: the model, the
 * shape of one image, then for each batch a file of pixels and the safetensors file to write.
 */
public final class SavedModelRun {
  private SavedModelRun() {}

  public static void main(String[] args) throws IOException {
    Shape image =
        Shape.of(Long.parseLong(args[1]), Long.parseLong(args[2]), Long.parseLong(args[3]));
    try (SavedModelBundle model = SavedModelBundle.load(args[0], "serve")) {
      for (int i = 4; i < args.length; i += 2) {
        run(model, image, Files.readAllBytes(Path.of(args[i]))).write(Path.of(args[i + 1]));
      }
    }
  }

  private static Safetensors run(SavedModelBundle model, Shape image, byte[] pixels) {
    Shape batch = image.prepend(pixels.length / image.size());
    try (TUint8 images = TUint8.tensorOf(batch, DataBuffers.of(pixels));
        var result = model.function("serving_default").call(Map.of("images", images))) {
      Map<String, Tensor> floats = new LinkedHashMap<>();
      for (String name : new String[] {"probabilities", "logits"}) {
        TFloat32 tensor = (TFloat32) result.get(name).orElseThrow();
        float[] values = new float[(int) tensor.size()];
        tensor.copyTo(DataBuffers.of(values));
        floats.put(name, Tensor.of(tensor.shape().asArray(), values));
      }
      Map<String, String> texts = new LinkedHashMap<>();
      TInt64 ids = (TInt64) result.get("class_ids").orElseThrow();
      TString labels = (TString) result.get("labels").orElseThrow();
      for (long i = 0; i < batch.get(0); i++) {
        texts.put("class_id " + i, Long.toString(ids.getLong(i)));
        texts.put("label " + i, labels.getObject(i));
      }
      return new Safetensors(floats, texts);
    }
  }
}
