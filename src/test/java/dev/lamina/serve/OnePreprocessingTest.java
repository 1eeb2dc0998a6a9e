package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lamina.data.ImageSet;
import dev.lamina.data.Images;
import dev.lamina.data.PillowParityTest;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import dev.lamina.network.Network;
import dev.lamina.schedule.Constant;
import dev.lamina.train.Trainer;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model prepares files as its training set was prepared, wherever it is used. */
class OnePreprocessingTest {
  private static final int SIZE = 9;
  private static final List<Path> FILES = PillowParityTest.files().toList();

  private static final Network NETWORK =
      Network.input(SIZE, SIZE, 3).then(Flatten.create(), Dense.of(2));

  @TempDir private Path folder;

  /** All files as one set. */
  private static ImageSet set(Preprocessing preprocessing) {
    byte[] pixels = new byte[FILES.size() * SIZE * SIZE * 3];
    int[] labels = new int[FILES.size()];
    for (int i = 0; i < labels.length; i++) {
      byte[] image = Images.read(FILES.get(i), preprocessing);
      System.arraycopy(image, 0, pixels, i * image.length, image.length);
      labels[i] = i % 2;
    }
    return ImageSet.of(SIZE, SIZE, 3, pixels, labels, List.of("even", "odd"))
        .preprocessing(preprocessing);
  }

  private static List<Double> odd(List<Prediction> predictions) {
    return predictions.stream().map(prediction -> prediction.probabilities().get(1)).toList();
  }

  @Test
  void trainedPredictedReloadedAndServedFiles_areTheSame() throws Exception {
    Preprocessing preprocessing =
        Preprocessing.of(Resize.cover(SIZE).crop(0.9).filter(Resize.Filter.BICUBIC)).upright(true);
    ImageSet set = set(preprocessing);
    try (Model model = Model.of(NETWORK)) {
      Trainer.builder().schedule(Constant.of(0.01)).epochs(1).build().fit(model, set);
      assertThat(model.preprocessing()).isEqualTo(preprocessing);
      List<Double> expected = odd(model.predict(set));
      assertThat(expected.stream().distinct().count()).isGreaterThan(40);
      assertThat(odd(model.predict(FILES))).isEqualTo(expected);

      model.export(folder.resolve("export/1"));
      model.saveWeights(folder.resolve("weights.safetensors"));
      for (Path saved :
          List.of(folder.resolve("export/1"), folder.resolve("weights.safetensors"))) {
        try (Model loaded = Model.load(saved)) {
          assertThat(loaded.preprocessing()).isEqualTo(preprocessing);
          assertThat(odd(loaded.predict(FILES))).isEqualTo(expected);
        }
      }
      List<Double> served = served(folder.resolve("export"));
      assertThat(served).hasSameSizeAs(expected);
      for (int i = 0; i < served.size(); i++) {
        assertThat(served.get(i)).as("%s", FILES.get(i)).isCloseTo(expected.get(i), within(1e-5));
      }

      model.preprocessing(Preprocessing.of(Resize.fit(SIZE)));
      assertThat(odd(model.predict(FILES))).isNotEqualTo(expected);
    }
  }

  private static List<Double> served(Path export) throws Exception {
    List<Double> odd = new ArrayList<>();
    try (ModelServer server = ModelServer.start(export, ServerOptions.create().port(0))) {
      Client client = new Client(server.uri());
      for (Path file : FILES) {
        JsonNode answer =
            Client.good(
                client.post(
                    "/v1/models/lamina:predictImage", "image/any", Files.readAllBytes(file)));
        for (JsonNode candidate : answer.path("predictions")) {
          if (candidate.path("label").asText().equals("odd")) {
            odd.add(candidate.path("probability").doubleValue());
          }
        }
      }
    }
    return odd;
  }

  @Test
  void image_isPreparedAsItsFile() throws IOException {
    Path file = Path.of("src/test/resources/images/size_64x31.png");
    try (Model model = Model.of(NETWORK)) {
      BufferedImage image = ImageIO.read(file.toFile());
      assertThat(model.predict(image).probabilities())
          .isEqualTo(model.predict(file).probabilities());
    }
  }
}
