package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.Iterables;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.inference.FrozenNetwork;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedConcreteFunction;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObject;
import org.tensorflow.proto.SavedObjectGraphOuterClass.SavedObjectGraph;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TUint8;

/** The form of an export that Python loads, walked as Python does. tools/interop runs Python. */
class ObjectGraphTest {
  private static final Shape IMAGE = Shape.of(6, 5, 3);
  private static final Sequential BODY =
      Sequential.of(
          Conv2d.of(4, 3),
          BatchNorm.create().epsilon(0.01),
          Activation.RELU,
          GlobalAveragePool.create(),
          Dense.of(3));

  @TempDir private Path folder;
  private Servable servable = servable();
  private MetaGraphDef model = MetaGraphDef.getDefaultInstance();

  private static Servable servable() {
    Map<String, float[]> weights = new LinkedHashMap<>();
    Random random = new Random(1);
    for (Layer.Child child : BODY.children(IMAGE)) {
      child
          .layer()
          .parameters(child.input())
          .forEach(
              parameter -> {
                float[] values = new float[(int) parameter.size()];
                for (int i = 0; i < values.length; i++) {
                  values[i] = 0.2f + random.nextFloat();
                }
                weights.put(child.name() + "." + parameter.name(), values);
              });
    }
    return new Servable(
        new Network("Net", 6, 5, 3, BODY), weights, List.of("a", "b", "c"), Map.of());
  }

  @BeforeEach
  void write() throws IOException {
    servable = servable();
    SavedModelWriter.write(folder.resolve("1"), servable);
    model =
        SavedModel.parseFrom(Files.readAllBytes(folder.resolve("1/saved_model.pb")))
            .getMetaGraphs(0);
  }

  private SavedObject child(int node, String name) {
    SavedObjectGraph objects = model.getObjectGraphDef();
    return objects.getNodes(
        objects.getNodes(node).getChildrenList().stream()
            .filter(reference -> reference.getLocalName().equals(name))
            .findFirst()
            .orElseThrow()
            .getNodeId());
  }

  private Map<String, float[]> stored() {
    return TensorBundle.read(
        folder.resolve("1").resolve(TensorBundleWriter.PREFIX), servable.network().parameters());
  }

  private List<String> variables(String list) {
    return child(0, list).getChildrenList().stream()
        .map(reference -> model.getObjectGraphDef().getNodes(reference.getNodeId()).getVariable())
        .map(variable -> variable.getName() + (variable.getTrainable() ? "" : " fixed"))
        .toList();
  }

  @Test
  void variables_areTheParametersAsTheyWereTrained() {
    List<String> trained =
        List.of("0.weight", "0.bias", "1.weight", "1.bias", "4.weight", "4.bias");
    List<String> statistics = List.of("1.running_mean fixed", "1.running_var fixed");
    assertThat(variables("trainable_variables")).isEqualTo(trained);
    assertThat(variables("non_trainable_variables")).isEqualTo(statistics);
    assertThat(variables("variables"))
        .containsExactlyInAnyOrderElementsOf(Iterables.concat(trained, statistics));
    stored().forEach((name, values) -> assertThat(values).isEqualTo(servable.weight(name)));
  }

  /**
   * With the variables of the checkpoint, a signature has the same outputs as the graph of
   * constants.
   */
  @Test
  void signatures_computeWithTheVariables() {
    SavedObject signatures = child(0, "signatures");
    assertThat(signatures.getUserObject().getIdentifier()).isEqualTo("signature_map");
    assertThat(signatures.getChildrenList().stream().map(child -> child.getLocalName()))
        .containsExactlyInAnyOrder("serving_default", "from_encoded", "features");
    byte[] pixels = new byte[2 * (int) IMAGE.size()];
    new Random(2).nextBytes(pixels);
    try (TUint8 images = TUint8.tensorOf(IMAGE.prepend(2), DataBuffers.of(pixels));
        FrozenNetwork frozen = new FrozenNetwork(servable, Device.cpu());
        TFloat32 expected = frozen.run(images)) {
      float[] logits = GraphSession.floats(expected);
      assertThat(run("serving_default", 2, images)).containsExactly(logits, within(1e-5f));
    }
  }

  /** Calls a function of a signature; its outputs are sorted by name. */
  private float[] run(String signature, int output, TUint8 images) {
    int map =
        model.getObjectGraphDef().getNodes(0).getChildrenList().stream()
            .filter(reference -> reference.getLocalName().equals("signatures"))
            .findFirst()
            .orElseThrow()
            .getNodeId();
    String name = child(map, signature).getBareConcreteFunction().getConcreteFunctionName();
    SavedConcreteFunction function = model.getObjectGraphDef().getConcreteFunctionsOrThrow(name);
    try (Graph graph = new Graph()) {
      graph.importGraphDef(model.getGraphDef());
      Ops tf = Ops.create(graph).withSubScope("python");
      Placeholder<TUint8> given =
          tf.placeholder(TUint8.class, Placeholder.shape(IMAGE.prepend(-1)));
      List<Output<?>> arguments = new ArrayList<>(List.of(given.asOutput()));
      List<Op> assigns = new ArrayList<>();
      Map<String, float[]> weights = stored();
      for (int node : function.getBoundInputsList()) {
        String variable = model.getObjectGraphDef().getNodes(node).getVariable().getName();
        Shape shape = Objects.requireNonNull(servable.network().parameters().get(variable)).shape();
        VarHandleOp handle =
            tf.varHandleOp(TFloat32.class, shape, VarHandleOp.sharedName(variable));
        arguments.add(handle.asOutput());
        Operand<TFloat32> value =
            tf.constant(shape, DataBuffers.of(Objects.requireNonNull(weights.get(variable))));
        assigns.add(tf.assignVariableOp(handle, value));
      }
      Output<?> result =
          tf.scope()
              .opBuilder("StatefulPartitionedCall", "call")
              .addInputList(arguments.toArray(Output<?>[]::new))
              .setAttr(
                  "Tout",
                  new DataType[] {
                    DataType.DT_INT64, DataType.DT_STRING, DataType.DT_FLOAT, DataType.DT_FLOAT
                  })
              .setAttr(
                  "f",
                  AttrValue.newBuilder().setFunc(NameAttrList.newBuilder().setName(name)).build())
              .build()
              .output(output);
      try (Session session = new Session(graph)) {
        session.runner().addTarget(tf.withControlDependencies(assigns).noOp()).run().close();
        try (var fetched = session.runner().feed(given, images).fetch(result).run()) {
          return GraphSession.floats(fetched.get(0));
        }
      }
    }
  }
}
