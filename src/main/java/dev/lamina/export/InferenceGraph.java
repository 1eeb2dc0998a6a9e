package dev.lamina.export;

import java.nio.charset.StandardCharsets;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.TensorFlow;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/**
 * A classifier's graph for inference, as the protocol buffers of a SavedModel. There is no saver in
 * it: with one, loaders would look for variables.
 */
final class InferenceGraph {
  private static final int SCHEMA_VERSION = 1;

  private InferenceGraph() {}

  static SavedModel build(Servable servable) {
    try (Graph graph = new Graph()) {
      SignatureDef signature = addTo(Ops.create(graph), servable);
      return SavedModel.newBuilder()
          .setSavedModelSchemaVersion(SCHEMA_VERSION)
          .addMetaGraphs(
              MetaGraphDef.newBuilder()
                  .setMetaInfoDef(
                      MetaGraphDef.MetaInfoDef.newBuilder()
                          .addTags("serve")
                          .setTensorflowVersion(TensorFlow.version()))
                  .setGraphDef(graph.toGraphDef())
                  .putSignatureDef("serving_default", signature))
          .build();
    }
  }

  private static SignatureDef addTo(Ops tf, Servable servable) {
    Operand<TUint8> images = FrozenNetwork.placeholder(tf, servable);
    Operand<TFloat32> logits =
        tf.withName("logits").identity(FrozenNetwork.logits(tf, servable, images));
    Operand<TFloat32> probabilities = tf.withName("probabilities").nn.softmax(logits);
    Operand<TInt64> classIds = tf.withName("class_ids").math.argMax(logits, tf.constant(1));
    Operand<TString> names =
        tf.array(StandardCharsets.UTF_8, servable.classNames().toArray(String[]::new));
    Operand<TString> labels = tf.withName("labels").gather(names, classIds, tf.constant(0));
    return SignatureDef.newBuilder()
        .setMethodName("tensorflow/serving/predict")
        .putInputs("images", info(images))
        .putOutputs("logits", info(logits))
        .putOutputs("probabilities", info(probabilities))
        .putOutputs("class_ids", info(classIds))
        .putOutputs("labels", info(labels))
        .build();
  }

  private static TensorInfo info(Operand<?> operand) {
    Output<?> output = operand.asOutput();
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long size : output.shape().asArray()) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(size));
    }
    return TensorInfo.newBuilder()
        .setName(output.op().name() + ":" + output.index())
        .setDtype(output.dataType())
        .setTensorShape(shape)
        .build();
  }
}
