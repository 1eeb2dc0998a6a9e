package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.DeviceSpec;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gradients;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.TFloat32;

class GraphScopeTest {
  private final Locale before = Locale.getDefault();

  @AfterEach
  void resetLocale() {
    Locale.setDefault(before);
  }

  private static String name(Operand<?> operand) {
    return operand.op().name();
  }

  @Test
  void names_areUniqueInTheGraph_whoeverMadeTheOthers() {
    try (Graph graph = new Graph()) {
      Ops late = GraphOps.of(graph).withSubScope("a");
      Ops others = Ops.create(graph).withSubScope("a");
      assertThat(name(others.constant(1f))).isEqualTo("a/Const");
      assertThat(name(others.constant(1f))).isEqualTo("a/Const_1");

      assertThat(name(late.constant(1f))).isEqualTo("a/Const_2");
      assertThat(name(late.withName("b").constant(1f))).isEqualTo("a/b");
      assertThat(name(late.withName("b").constant(1f))).isEqualTo("a/b_1");
      assertThat(name(GraphOps.of(graph).withSubScope("a").constant(1f))).isEqualTo("a/Const_3");
    }
  }

  @Test
  void scopes_areUniqueInTheirParent() {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      assertThat(name(tf.withSubScope("a").constant(1f))).isEqualTo("a/Const");
      assertThat(name(tf.withSubScope("a").constant(1f))).isEqualTo("a_1/Const");
      assertThat(name(tf.withSubScope("a").withSubScope("b").constant(1f)))
          .isEqualTo("a_2/b/Const");
    }
  }

  @Test
  void names_haveTheDigits0To9_inEveryLocale() {
    Locale.setDefault(Locale.forLanguageTag("fa-IR"));
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      tf.withSubScope("a");
      assertThat(name(tf.withSubScope("a").constant(1f))).isEqualTo("a_1/Const");
      tf.constant(1f);
      assertThat(name(tf.constant(1f))).isEqualTo("Const_1");
    }
  }

  @Test
  void gradientsOfTensorFlow_workInEveryLocale() {
    Locale.setDefault(Locale.forLanguageTag("ar-EG"));
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = GraphOps.of(graph).withSubScope("layer");
      Operand<TFloat32> x = tf.constant(3f);
      Operand<TFloat32> first = tf.math.square(x);
      Operand<TFloat32> second = tf.math.square(first);
      // 4 x^3 and 2 x.
      Gradients of = tf.gradients(second, List.of(x));
      Gradients ofFirst = tf.gradients(first, List.of(x));
      try (var result = session.runner().fetch(of.dy(0)).fetch(ofFirst.dy(0)).run()) {
        assertThat(((TFloat32) result.get(0)).getFloat()).isEqualTo(108);
        assertThat(((TFloat32) result.get(1)).getFloat()).isEqualTo(6);
      }
    }
  }

  @Test
  void devicesAndControlInputs_areKeptInScopesInside() {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Operand<TFloat32> first = tf.constant(1f);
      DeviceSpec device = DeviceSpec.newBuilder().deviceType(DeviceSpec.DeviceType.CPU).build();
      Operand<TFloat32> placed =
          tf.withDevice(device).withControlDependencies(first).withSubScope("inside").constant(1f);
      NodeDef node =
          graph.toGraphDef().getNodeList().stream()
              .filter(any -> any.getName().equals(name(placed)))
              .findFirst()
              .orElseThrow();
      assertThat(node.getDevice()).isEqualTo(device.toString());
      assertThat(node.getInputList()).containsExactly("^" + name(first));
    }
  }
}
