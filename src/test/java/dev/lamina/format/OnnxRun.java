package dev.lamina.format;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;

/** An ONNX file in ONNX Runtime. */
final class OnnxRun implements AutoCloseable {
  /** What a batch gives. */
  static final class Outputs {
    final float[][] probabilities;
    final float[][] logits;
    final long[] classIds;

    private Outputs(OrtSession.Result result) throws OrtException {
      probabilities = (float[][]) result.get("probabilities").orElseThrow().getValue();
      logits = (float[][]) result.get("logits").orElseThrow().getValue();
      classIds = (long[]) result.get("class_ids").orElseThrow().getValue();
    }
  }

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  OnnxRun(Path file) throws OrtException {
    session = environment.createSession(file.toString());
  }

  OnnxRun(byte[] model) throws OrtException {
    session = environment.createSession(model);
  }

  OrtSession session() {
    return session;
  }

  Outputs run(byte[] pixels, long... shape) throws OrtException {
    ByteBuffer direct = ByteBuffer.allocateDirect(pixels.length).order(ByteOrder.nativeOrder());
    direct.put(pixels).flip();
    try (OnnxTensor images =
            OnnxTensor.createTensor(environment, direct, shape, OnnxJavaType.UINT8);
        OrtSession.Result result = session.run(Map.of("images", images))) {
      return new Outputs(result);
    }
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
