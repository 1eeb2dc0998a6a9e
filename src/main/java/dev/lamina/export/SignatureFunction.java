package dev.lamina.export;

import dev.lamina.graph.Parameter;
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
 * A signature as a function. Its first input is what a caller gives; the others are the variables
 * that it reads, by full name.
 *
 * @param signature inputs and outputs
 * @param definition the function
 */
record SignatureFunction(Signature signature, FunctionDef definition) {
  static SignatureFunction of(Servable servable, Signatures signatures, String name) {
    Map<String, Parameter> parameters = servable.parameters();
    Map<String, VarHandleOp> handles = new LinkedHashMap<>();
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
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
      // Operands, since descriptions cannot be given back.
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

  /** Says the shapes of the variables, which Python asks the handles for. */
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
