package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Parameter;
import dev.lamina.model.Model;
import dev.lamina.schedule.OneCycle;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.Pretrained;
import dev.lamina.zoo.Zoo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code and the table of docs/pretrained.md. */
class PretrainedDocsTest {
  private static final Path PAGE = Path.of("docs/pretrained.md");

  @TempDir private Path cache;

  /** The model is in the cache already; HubTest downloads. */
  @Test
  void code_runs() throws IOException {
    Path images = Clothes.write(cache.resolve("images"), Clothes.SECOND, 8, 1);
    Path files = cache.resolve("hub/timm/mobilenetv3_small_100.lamb_in1k");
    Files.createDirectories(files);
    Files.writeString(
        files.resolve("config.json"),
        """
        {"architecture": "mobilenetv3_small_100", "pretrained_cfg": {"input_size": [3, 224, 224],
         "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}
        """);
    try (Model model = Zoo.get("timm/mobilenetv3_small_100").imageSize(32, 32).build()) {
      model.saveWeights(files.resolve("model.safetensors"));
    }
    // region hub
    ImageSet train = ImageData.open(images).train();
    Pretrained pretrained =
        Pretrained.of("timm/mobilenetv3_small_100.lamb_in1k", cache, System.getenv());
    try (Model model =
        pretrained
            .builder()
            .imageSize(train.height(), train.width())
            .classes(train.classNames())
            .build()) {
      Trainer.builder()
          .freeze("conv_stem", "bn1", "blocks", "conv_head")
          .schedule(OneCycle.of(0.1))
          .epochs(1)
          .batchSize(8)
          .build()
          .fit(model, train);
    }
    // endregion
  }

  @Test
  void table_hasEveryNetworkWithItsParameters() throws IOException {
    String page = Files.readString(PAGE);
    for (String name : Zoo.names()) {
      if (name.matches("(timm/)?(resnet(18|34|50)$|mobilenet.*|efficientnet.*)")) {
        long parameters =
            Zoo.get(name).network().parameters().values().stream()
                .filter(parameter -> parameter.role().trainable())
                .mapToLong(Parameter::size)
                .sum();
        assertThat(page).contains(String.format(Locale.ROOT, "| `%s` | %,d |", name, parameters));
      }
    }
    assertThat(List.copyOf(Zoo.names())).contains("resnet18", "timm/efficientnet_b0");
  }
}
