package dev.lamina.format;

import dev.lamina.graph.Parameter;
import dev.lamina.network.Servable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.tensorflow.Signature;
import org.tensorflow.Signature.TensorDescription;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedBareConcreteFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedConcreteFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObjectGraph;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedUserObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedVariable;
import org.tensorflow.proto.Struct.DictValue;
import org.tensorflow.proto.Struct.StructuredValue;
import org.tensorflow.proto.Struct.TensorSpecProto;
import org.tensorflow.proto.Struct.TupleValue;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.ObjectReference;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph.TrackableObject.SerializedTensor;
import org.tensorflow.proto.VersionDef;

/**
 * The objects that Python loads from a SavedModel: an object with {@code signatures}, {@code
 * variables}, {@code trainable_variables} and {@code non_trainable_variables}. The layout is that
 * of Python's {@code tf.saved_model.save}.
 */
final class ObjectGraph {
  private final SavedObjectGraph.Builder saved = SavedObjectGraph.newBuilder();
  private final TrackableObjectGraph.Builder tracked = TrackableObjectGraph.newBuilder();
  private final Map<String, Integer> variables = new LinkedHashMap<>();

  private ObjectGraph(
      Map<String, Parameter> parameters, Map<String, SignatureFunction> signatures) {
    int root = object("_generic_user_object");
    parameters.forEach((name, parameter) -> variables.put(name, variable(name, parameter)));
    list(root, "variables", parameters, parameter -> true);
    list(root, "trainable_variables", parameters, parameter -> parameter.role().trainable());
    list(root, "non_trainable_variables", parameters, parameter -> !parameter.role().trainable());
    int map = object("signature_map");
    child(root, "signatures", map);
    signatures.forEach((name, function) -> child(map, name, function(function)));
  }

  /** The key of a variable in the checkpoint, with the suffix that Python requires. */
  static String checkpointKey(String variable) {
    return variable + "/.ATTRIBUTES/VARIABLE_VALUE";
  }

  /** Adds the objects and their functions. */
  static ObjectGraph add(MetaGraphDef.Builder meta, Servable servable) {
    try (Signatures signatures = new Signatures(servable)) {
      Map<String, SignatureFunction> functions = new LinkedHashMap<>();
      for (String name : signatures.names()) {
        functions.put(name, SignatureFunction.of(servable, signatures, name));
      }
      ObjectGraph objects = new ObjectGraph(servable.network().parameters(), functions);
      meta.setObjectGraphDef(objects.saved);
      // The functions include the image decoder, which the inference graph calls too.
      FunctionDefLibrary.Builder library = meta.getGraphDefBuilder().getLibraryBuilder();
      functions.values().forEach(function -> library.addFunction(function.definition()));
      return objects;
    }
  }

  /** The same objects in the form of a checkpoint. */
  TrackableObjectGraph tracked() {
    return tracked.build();
  }

  private int add(SavedObject.Builder object) {
    saved.addNodes(object);
    tracked.addNodes(TrackableObject.getDefaultInstance());
    return saved.getNodesCount() - 1;
  }

  private int object(String identifier) {
    return add(
        SavedObject.newBuilder()
            .setUserObject(
                SavedUserObject.newBuilder()
                    .setIdentifier(identifier)
                    .setVersion(VersionDef.newBuilder().setProducer(1).setMinConsumer(1))));
  }

  private void child(int parent, String name, int child) {
    ObjectReference reference =
        ObjectReference.newBuilder().setLocalName(name).setNodeId(child).build();
    saved.getNodesBuilder(parent).addChildren(reference);
    tracked.getNodesBuilder(parent).addChildren(reference);
  }

  private int variable(String name, Parameter parameter) {
    int node =
        add(
            SavedObject.newBuilder()
                .setVariable(
                    SavedVariable.newBuilder()
                        .setName(name)
                        .setDtype(DataType.DT_FLOAT)
                        .setShape(Protos.shape(parameter.shape()))
                        .setTrainable(parameter.role().trainable())));
    tracked
        .getNodesBuilder(node)
        .addAttributes(
            SerializedTensor.newBuilder()
                .setName("VARIABLE_VALUE")
                .setFullName(name)
                .setCheckpointKey(checkpointKey(name)));
    return node;
  }

  private void list(
      int root, String name, Map<String, Parameter> parameters, Predicate<Parameter> which) {
    int list = object("trackable_list_wrapper");
    child(root, name, list);
    variables.forEach(
        (variable, node) -> {
          if (which.test(parameters.get(variable))) {
            child(list, Integer.toString(saved.getNodes(list).getChildrenCount()), node);
          }
        });
  }

  private int function(SignatureFunction function) {
    Signature signature = function.signature();
    String defined = function.definition().getSignature().getName();
    SavedConcreteFunction.Builder concrete = SavedConcreteFunction.newBuilder();
    DictValue.Builder inputs = DictValue.newBuilder();
    signature
        .getInputs()
        .forEach(
            (name, input) -> {
              if (variables.containsKey(name)) {
                concrete.addBoundInputs(variables.get(name));
              } else {
                inputs.putFields(name, spec(name, input));
              }
            });
    DictValue.Builder outputs = DictValue.newBuilder();
    signature.getOutputs().forEach((name, output) -> outputs.putFields(name, spec(name, output)));
    // All arguments are keyword arguments.
    StructuredValue none =
        StructuredValue.newBuilder().setTupleValue(TupleValue.getDefaultInstance()).build();
    concrete
        .setCanonicalizedInputSignature(
            StructuredValue.newBuilder()
                .setTupleValue(
                    TupleValue.newBuilder()
                        .addValues(none)
                        .addValues(StructuredValue.newBuilder().setDictValue(inputs))))
        .setOutputSignature(StructuredValue.newBuilder().setDictValue(outputs));
    saved.putConcreteFunctions(defined, concrete.build());
    return add(
        SavedObject.newBuilder()
            .setBareConcreteFunction(
                SavedBareConcreteFunction.newBuilder()
                    .setConcreteFunctionName(defined)
                    .addAllArgumentKeywords(inputs.getFieldsMap().keySet())
                    .setAllowedPositionalArguments(inputs.getFieldsCount())));
  }

  private static StructuredValue spec(String name, TensorDescription tensor) {
    return StructuredValue.newBuilder()
        .setTensorSpecValue(
            TensorSpecProto.newBuilder()
                .setName(name)
                .setDtype(tensor.dataType)
                .setShape(Protos.shape(tensor.shape)))
        .build();
  }
}
