package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.lamina.format.OptionsJson;
import dev.lamina.graph.Initializer;
import dev.lamina.registry.Options;
import dev.lamina.registry.UnregisteredException;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

/** What CompatibilityTest and ModelLoadTest do not see of the layers' names. */
class LayerTypesTest {
  /** A new layer must be registered, or be code. */
  @Test
  void everyBuiltInLayerIsRegistered() {
    Set<String> layers =
        new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.lamina.layer")
                .stream()
                .filter(type -> type.isAssignableTo(Layer.class) && !type.isInterface())
                .filter(JavaClass::isTopLevelClass)
                .map(JavaClass::getSimpleName)
                .collect(Collectors.toSet());
    layers.remove("Lambda");
    assertThat(layers).hasSizeGreaterThan(15);
    // Other tests register layers of their own.
    assertThat(LayerTypes.REGISTRY.names()).containsAll(layers);
  }

  /** The names that files have had since format 1. */
  @Test
  void options_haveTheNamesOfTheFiles() {
    assertThat(
            OptionsJson.write(
                    LayerTypes.write(
                        Residual.of(Conv2d.of(4, 3).groups(2), Activation.RELU)
                            .shortcut(Conv2d.of(4, 1).stride(1))))
                .toString())
        .isEqualTo(
            """
            {"kind":"Residual",\
            "main":{"kind":"Sequential","layers":[\
            {"name":"0","layer":{"kind":"Conv2d","filters":4,"kernel":3,"stride":1,"padding":"SAME","groups":2,"bias":true}},\
            {"name":"1","layer":{"kind":"Activation","function":"RELU"}}]},\
            "shortcut":{"kind":"Sequential","layers":[\
            {"name":"0","layer":{"kind":"Conv2d","filters":4,"kernel":1,"stride":1,"padding":"SAME","groups":1,"bias":true}}]}}""");
  }

  @Test
  void everyOption_isReadBack_andDiffersFromItsDefault() {
    List<Layer> layers =
        List.of(
            AveragePool.of(3).stride(2).padding(Padding.SAME),
            BatchNorm.create().epsilon(1e-3).momentum(0.2),
            BatchNorm.create().scale(false),
            BatchNorm.create().synchronizedStatistics(true),
            Celu.of(0.075),
            ChannelPad.of(1, 2),
            Conv2d.of(4, 3).stride(2).padding(Padding.VALID).groups(2).bias(false),
            Dense.of(5).bias(false),
            Dropout.of(0.25),
            GlobalAveragePool.create().keepDims(true),
            Residual.of(Conv2d.of(4, 1)).names("", "downsample").relu(false),
            SqueezeExcitation.of(4)
                .activations(Activation.SILU, Activation.HARD_SIGMOID)
                .names("reduce", "expand"),
            StochasticDepth.of(0.25),
            MaxPool.of(3).stride(2).padding(Padding.SAME),
            Normalize.of(new double[] {0.1, 0.2}, new double[] {0.3, 0.4}),
            Rescale.of(0.5).offset(0.25),
            Whitening.of(3).epsilon(0.1),
            ZeroPad.of(1).top(2).left(3).right(4));
    for (Layer layer : layers) {
      assertThat(LayerTypes.read(LayerTypes.write(layer))).isEqualTo(layer);
    }
  }

  /** What PyTorch's layers of the same name have unless told otherwise, where they have it. */
  @Test
  void missingOptions_haveTheirDefaults() {
    Options conv = Options.none().with("kind", "Conv2d").with("filters", 4).with("kernel", 3);
    assertThat(LayerTypes.read(conv)).isEqualTo(Conv2d.of(4, 3));
    assertThat(LayerTypes.read(Options.none().with("kind", "BatchNorm")))
        .isEqualTo(BatchNorm.create().epsilon(1e-5).momentum(0.1));
    assertThat(LayerTypes.read(Options.none().with("kind", "MaxPool").with("size", 2)))
        .isEqualTo(MaxPool.of(2).stride(2).padding(Padding.VALID));
  }

  @Test
  void initialValues_areThoseOfANewLayer() {
    Layer read = LayerTypes.read(LayerTypes.write(Dense.of(3).initializer(Initializer.zeros())));
    float[] weights =
        read.parameters(Shape.of(2))
            .get(0)
            .initializer()
            .sample(Dense.of(3).parameters(Shape.of(2)).get(0), new SplittableRandom(1));
    assertThat(List.of(weights[0], weights[5])).doesNotContain(0f);
  }

  @Test
  void code_isNamedByItsPath() {
    Sequential network =
        Sequential.of(
            Flatten.create(), Sequential.of(Lambda.of("double", (tf, x) -> tf.math.add(x, x))));
    Options options = LayerTypes.write(network);
    assertThatExceptionOfType(UnregisteredException.class)
        .isThrownBy(() -> LayerTypes.read(options))
        .withMessage(
            "layer \"1.0\" is of the kind \"Lambda double\", which is code and was not written; write it as a layer that is registered");
  }
}
