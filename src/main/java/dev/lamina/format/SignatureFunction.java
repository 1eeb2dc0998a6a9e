package dev.lamina.format;

import dev.lamina.graph.GraphOps;
import dev.lamina.graph.Parameter;
import dev.lamina.network.Servable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Signature;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.ResourceHandleProto;
import org.tensorflow.types.TFloat32;

/**
 * A signature as a function. Its first input is the caller's argument; the others are the variables
 * that it reads, by full name.
 *
 * @param signature inputs and outputs
 * @param definition the function
 */
record SignatureFunction(Signature signature, FunctionDef definition) {
  static SignatureFunction of(Servable servable, Signatures signatures, String name) {
    Map<String, Parameter> parameters = servable.network().parameters();
    Map<String, VarHandleOp> handles = new LinkedHashMap<>();
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Signature own =
          signatures.build(
              name,
              tf,
              variable ->
                  tf.readVariableOp(
                      handles.computeIfAbsent(
                          variable, key -> handle(tf, key, parameters.get(key))),
                      TFloat32.class));
      Signature.Builder signature = Signature.builder(own.key());
      // Looks up the operands, because a signature cannot be built from descriptions.
      own.getInputs()
          .forEach((key, tensor) -> signature.input(key, graph.outputOrThrow(tensor.name)));
      handles.forEach(signature::input);
      own.getOutputs()
          .forEach((key, tensor) -> signature.output(key, graph.outputOrThrow(tensor.name)));
      try (ConcreteFunction function = ConcreteFunction.create(signature.build(), graph)) {
        return new SignatureFunction(
            function.signature(),
            withShapes(function.getFunctionDef(), handles.keySet(), parameters));
      }
    }
  }

  private static VarHandleOp handle(Ops tf, String name, @Nullable Parameter parameter) {
    return tf.withName(name)
        .varHandleOp(
            TFloat32.class,
            Objects.requireNonNull(parameter, name).shape(),
            VarHandleOp.sharedName(name));
  }

  /** Adds the shapes of the variables, which Python reads from the handles. */
  private static FunctionDef withShapes(
      FunctionDef function, Iterable<String> variables, Map<String, Parameter> parameters) {
    FunctionDef.Builder builder = function.toBuilder();
    int argument = 1;
    for (String variable : variables) {
      builder
          .getSignatureBuilder()
          .getInputArgBuilder(argument++)
          .addHandleData(
              ResourceHandleProto.DtypeAndShape.newBuilder()
                  .setDtype(DataType.DT_FLOAT)
                  .setShape(
                      Protos.shape(Objects.requireNonNull(parameters.get(variable)).shape())));
    }
    return builder.build();
  }
}
