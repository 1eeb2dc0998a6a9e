package dev.lamina.format;

import dev.lamina.graph.GraphOps;
import dev.lamina.inference.BatchNormFolding;
import dev.lamina.inference.Constants;
import dev.lamina.network.Servable;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.Signature.TensorDescription;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.types.TFloat32;

/**
 * The graph that TensorFlow Serving and other C++ and Java programs run: batch norms folded,
 * weights as constants. It has no saver, because loaders would then expect variables.
 */
final class InferenceGraph {
  private InferenceGraph() {}

  /** Adds the graph and its signatures. */
  static void add(MetaGraphDef.Builder meta, Servable servable) {
    Servable folded = BatchNormFolding.fold(servable);
    try (Graph graph = new Graph();
        Signatures signatures = new Signatures(folded)) {
      Ops tf = GraphOps.of(graph);
      Map<String, Operand<TFloat32>> weights = Constants.add(folded, tf);
      for (String name : signatures.names()) {
        meta.putSignatureDef(
            name, def(signatures.build(name, tf.withSubScope(name), weights::get)));
      }
      meta.setGraphDef(graph.toGraphDef());
    }
  }

  private static SignatureDef def(Signature signature) {
    SignatureDef.Builder def =
        SignatureDef.newBuilder().setMethodName("tensorflow/serving/predict");
    signature.getInputs().forEach((name, tensor) -> def.putInputs(name, info(tensor)));
    signature.getOutputs().forEach((name, tensor) -> def.putOutputs(name, info(tensor)));
    return def.build();
  }

  private static TensorInfo info(TensorDescription tensor) {
    return TensorInfo.newBuilder()
        .setName(tensor.name)
        .setDtype(tensor.dataType)
        .setTensorShape(Protos.shape(tensor.shape))
        .build();
  }
}
