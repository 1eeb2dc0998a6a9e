package dev.lamina;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/**
 * The exports in the runtimes of the JVM, without Lamina: the code of docs/export.md. Images are
 * uint8, {@code shape} is [N, height, width, channels].
 */
public final class Runtimes {
  private Runtimes() {}

  /** ONNX Runtime. */
  public static float[][] onnxRuntime(String file, byte[] pixels, long... shape) throws Exception {
    // region onnxruntime
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(file);
        OnnxTensor images =
            OnnxTensor.createTensor(
                environment, ByteBuffer.wrap(pixels), shape, OnnxJavaType.UINT8);
        OrtSession.Result result = session.run(Map.of("images", images))) {
      return (float[][]) result.get("probabilities").orElseThrow().getValue();
    }
    // endregion
  }

  /** TensorFlow Java. */
  public static float[][] tensorFlow(String folder, byte[] pixels, long... shape) {
    // region tensorflow
    try (SavedModelBundle model = SavedModelBundle.load(folder, "serve");
        TUint8 images = TUint8.tensorOf(Shape.of(shape), DataBuffers.of(pixels));
        var result = model.function("serving_default").call(Map.of("images", images))) {
      return StdArrays.array2dCopyOf((TFloat32) result.get("probabilities").orElseThrow());
    }
    // endregion
  }

  /**
   * Deep Java Library, with its engine for ONNX Runtime. To be called before anything else of ONNX
   * Runtime, whose environment it wants to make itself.
   */
  public static float[][] djl(Path file, byte[] pixels, long... shape) throws Exception {
    float[] flat;
    // region djl
    Criteria<NDList, NDList> criteria =
        Criteria.builder()
            .setTypes(NDList.class, NDList.class)
            .optModelPath(file)
            .optEngine("OnnxRuntime")
            .build();
    try (ZooModel<NDList, NDList> model = criteria.loadModel();
        Predictor<NDList, NDList> predictor = model.newPredictor();
        NDManager manager = model.getNDManager().newSubManager()) {
      NDArray images =
          manager.create(
              ByteBuffer.wrap(pixels), new ai.djl.ndarray.types.Shape(shape), DataType.UINT8);
      images.setName("images");
      flat = predictor.predict(new NDList(images)).get("probabilities").toFloatArray();
    }
    // endregion
    int count = Math.toIntExact(shape[0]);
    float[][] rows = new float[count][flat.length / count];
    for (int i = 0; i < flat.length; i++) {
      rows[i / rows[0].length][i % rows[0].length] = flat[i];
    }
    return rows;
  }
}
