package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lamina.graph.Context;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TFloating;

class LayersTest {
  private static final Shape INPUT = Shape.of(5, 4, 3);
  private static final Sequential NETWORK =
      Sequential.of()
          .then("conv", Conv2d.of(2, 3))
          .then(
              "block",
              Residual.of(Conv2d.of(4, 1).stride(2), BatchNorm.create())
                  .shortcut(Conv2d.of(4, 1).stride(2).bias(false)))
          .then("out", Sequential.of(GlobalAveragePool.create(), Dense.of(7)));

  /** A layer whose predicted and actual output shapes differ. */
  private record Liar() implements Layer {
    @Override
    public Shape outputShape(Shape input) {
      return input;
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
      return Conv2d.of(3, 2).padding(Padding.VALID).bias(false).apply(context, input);
    }

    @Override
    public List<Parameter> parameters(Shape input) {
      return Conv2d.of(3, 2).bias(false).parameters(input);
    }
  }

  /** A layer with a parameter of its own around another layer. */
  private record Scaled(Layer inner) implements Layer {
    @Override
    public Shape outputShape(Shape input) {
      return inner.outputShape(input);
    }

    @Override
    public List<Child> children(Shape input) {
      return List.of(new Child("inner", inner, input));
    }

    @Override
    public List<Parameter> parameters(Shape input) {
      return List.of(Parameter.of("scale", Shape.of(1), Role.NORM, Initializer.ones()));
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> input) {
      return context
          .tf()
          .math
          .mul(Layers.build(context.child("inner"), inner, input), context.get("scale"));
    }
  }

  @Test
  void leaves_inOrderWithShapesAndCosts() {
    assertThat(Layers.nodes(NETWORK, INPUT))
        .extracting(
            leaf ->
                leaf.path()
                    + " "
                    + leaf.layer().kind()
                    + " "
                    + Shapes.text(leaf.input())
                    + " "
                    + Shapes.text(leaf.output())
                    + " "
                    + leaf.parameters().stream().mapToLong(Parameter::size).sum()
                    + " "
                    + leaf.macs())
        .containsExactly(
            "conv Conv2d [5, 4, 3] [5, 4, 2] 56 1080",
            "block.main.0 Conv2d [5, 4, 2] [3, 2, 4] 12 48",
            "block.main.1 BatchNorm [3, 2, 4] [3, 2, 4] 16 0",
            "block.shortcut.0 Conv2d [5, 4, 2] [3, 2, 4] 8 48",
            "out.0 GlobalAveragePool [3, 2, 4] [4] 0 0",
            "out.1 Dense [4] [7] 35 28");
  }

  @Test
  void leaves_layerAlone() {
    List<Layers.LayerNode> leaves = Layers.nodes(Dense.of(2), Shape.of(3));
    assertThat(leaves).hasSize(1);
    assertThat(leaves.get(0).path()).isEmpty();
    assertThat(leaves.get(0).fullName(leaves.get(0).parameters().get(0))).isEqualTo("weight");
  }

  @Test
  void createVariables_fullNames() {
    try (GraphSession session = new GraphSession(Device.cpu())) {
      List<Variable> variables = Layers.createVariables(session, NETWORK, INPUT);
      assertThat(variables)
          .extracting(Variable::name)
          .containsExactly(
              "conv.weight",
              "conv.bias",
              "block.main.0.weight",
              "block.main.0.bias",
              "block.main.1.weight",
              "block.main.1.bias",
              "block.main.1.running_mean",
              "block.main.1.running_var",
              "block.shortcut.0.weight",
              "out.1.weight",
              "out.1.bias");
      assertThat(session.variables()).isEqualTo(variables);
    }
  }

  @Test
  void layerWithParametersAndChildren() {
    LayerContract.check(
        Sequential.of(new Scaled(Dense.of(2))),
        Shape.of(3),
        "0.scale",
        "0.inner.weight",
        "0.inner.bias");
  }

  @Test
  void build_shapeThatWasNotPredicted() {
    Layer network = Sequential.of().then("stem", Sequential.of(Activation.RELU, new Liar()));
    assertThatThrownBy(() -> new BuiltLayer(network, INPUT).close())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "layer \"stem.1\" (Liar) must build the shape that it predicts: predicted [-1, 5, 4, 3], built [-1, 4, 3, 3]");
    assertThatThrownBy(() -> new BuiltLayer(new Liar(), INPUT).close())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "Liar must build the shape that it predicts: predicted [-1, 5, 4, 3], built [-1, 4, 3, 3]");
  }
}
