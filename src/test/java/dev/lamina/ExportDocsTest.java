package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lamina.data.ImageSet;
import dev.lamina.model.Model;
import dev.lamina.zoo.ResNetCifar;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Java code of docs/export.md, run. DJL's is run by tools/interop/run: it takes ONNX Runtime's
 * one environment for itself, so that it must come first in a JVM.
 */
class ExportDocsTest {
  private static final int COUNT = 3;

  @TempDir private Path folder;

  @Test
  void everyRuntimeOfTheJvm_givesTheSame() throws Exception {
    byte[] pixels = new byte[COUNT * 32 * 32 * 3];
    new Random(1).nextBytes(pixels);
    ImageSet images =
        ImageSet.of(32, 32, 3, pixels, new int[COUNT], Collections.nCopies(2, "class"));
    Map<String, String> metadata = Map.of("test_accuracy", "0.9527");
    try (Model model = ResNetCifar.builder().width(4).classes(5).build()) {
      // region export
      model.export(folder.resolve("export/1"), metadata);
      model.exportOnnx(folder.resolve("model.onnx"), metadata);
      model.saveWeights(folder.resolve("weights.safetensors"));
      // endregion
      // region metadata
      try (Model exported = Model.load(folder.resolve("export/1"))) {
        System.out.println(exported.classNames() + " " + exported.metadata().get("test_accuracy"));
      }
      // endregion
      // region weights
      model.loadWeights(folder.resolve("weights.safetensors"));
      // endregion
      String savedModel = folder.resolve("export/1").toString();
      long[] shape = {COUNT, 32, 32, 3};
      for (float[][] actual :
          List.of(
              Runtimes.onnxRuntime(folder.resolve("model.onnx").toString(), pixels, shape),
              Runtimes.tensorFlow(savedModel, pixels, shape))) {
        assertThat(actual).hasDimensions(COUNT, 5);
        for (int i = 0; i < COUNT; i++) {
          for (int k = 0; k < 5; k++) {
            assertThat((double) actual[i][k])
                .isCloseTo(model.predict(images).get(i).probabilities().get(k), within(1e-5));
          }
        }
      }
    }
  }
}
