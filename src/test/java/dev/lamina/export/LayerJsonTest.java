package dev.lamina.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.lamina.graph.Initializer;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Residual;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

/** What ModelLoadTest does not see of it. */
class LayerJsonTest {
  /** A new layer must be told to the list, or be code. */
  @Test
  void everyBuiltInLayerIsKnown() {
    Set<String> layers =
        new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("dev.lamina.layer")
                .stream()
                .filter(type -> type.isAssignableTo(Layer.class) && !type.isInterface())
                .filter(JavaClass::isTopLevelClass)
                .map(JavaClass::getSimpleName)
                .collect(Collectors.toSet());
    Set<String> expected = new HashSet<>(LayerJson.kinds());
    expected.add("Lambda");
    assertThat(layers).isEqualTo(expected);
  }

  @Test
  void componentsAreWrittenAsTheyAre() {
    assertThat(
            LayerJson.write(
                    Residual.of(Conv2d.of(4, 3).groups(2), Activation.RELU)
                        .shortcut(Conv2d.of(4, 1).stride(1)))
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
  void initialValuesAreThoseOfANewLayer() {
    Layer read = LayerJson.read("", LayerJson.write(Dense.of(3).initializer(Initializer.zeros())));
    float[] weights =
        read.parameters(Shape.of(2))
            .get(0)
            .initializer()
            .sample(Dense.of(3).parameters(Shape.of(2)).get(0), new SplittableRandom(1));
    assertThat(List.of(weights[0], weights[5])).doesNotContain(0f);
  }
}
