package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.data.ImageData;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Evaluation on other images than those of the run. */
class EvaluateDataTest {
  @TempDir private static Path scratch;
  private static Path images = Path.of("");
  private static Path run = Path.of("");

  @BeforeAll
  static void train() throws IOException {
    images = MainTest.images(scratch);
    run = train(images, "run");
  }

  private static Path train(Path data, String name) {
    Path folder = scratch.resolve(name);
    OptionRuns.succeeds(
        "train", "--data", data, "--run", folder, "--width", 1, "--epochs", 1, "--quiet");
    return folder;
  }

  /** Returns the results, without the names of images and model. */
  private static ObjectNode results(Object... words) throws IOException {
    return json(words).without(List.of("data", "model"));
  }

  private static ObjectNode json(Object... words) throws IOException {
    Object[] command = Stream.concat(Stream.of("evaluate", "--json"), Stream.of(words)).toArray();
    return (ObjectNode) new ObjectMapper().readTree(OptionRuns.succeeds(command).out());
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = to.resolve(from.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    }
    return to;
  }

  @Test
  void newImages_needNoTrainingImagesBesideThem() throws IOException {
    ObjectNode own = results("--run", run);
    assertThat(own.get("images").intValue()).isEqualTo(15);
    Path others = scratch.resolve("others");
    copy(images.resolve("test"), others.resolve("test"));
    assertThat(results("--run", run, "--data", others)).isEqualTo(own);
    // The folders of the classes alone, all of which are tested.
    assertThat(results("--run", run, "--data", others.resolve("test"))).isEqualTo(own);

    Path csv = csv(scratch.resolve("new.csv"), "others/test", 5);
    assertThat(results("--run", run, "--data", csv)).isEqualTo(own);
  }

  /** Writes a CSV file of so many images of each class. */
  private static Path csv(Path file, String folder, int count) throws IOException {
    StringBuilder rows = new StringBuilder("path,label\n");
    for (String label : List.of("class0", "class1", "class2")) {
      for (int i = 0; i < count; i++) {
        rows.append("%s/%s/%s.png,%s\n".formatted(folder, label, i, label));
      }
    }
    return Files.writeString(file, rows);
  }

  @Test
  void classesMayHaveNoImages_butMustBeKnown() throws IOException {
    Path some = scratch.resolve("some");
    copy(images.resolve("test/class2"), some.resolve("class2"));
    ObjectNode results = results("--run", run, "--data", some);
    assertThat(results.get("images").intValue()).isEqualTo(5);
    assertThat(OptionRuns.succeeds("evaluate", "--run", run, "--data", some).out())
        .contains("the 5 test images of " + some)
        .containsPattern("\ntest accuracy [01]\\.\\d{4}\n$");
    copy(images.resolve("test/class0"), some.resolve("klass0"));
    assertThat(OptionRuns.fails("evaluate", "--run", run, "--data", some).err())
        .isEqualTo(
            "lamina: classes of %s must be among those of the model [class0, class1, class2], got [klass0]; rename or remove them\n"
                .formatted(some));
  }

  /** Nothing that the model was trained on is tested, whether its images are named or not. */
  @Test
  void ownImagesWithoutParts_areTestedOnTheirTenth() throws IOException {
    Path data = copy(images.resolve("train"), scratch.resolve("alone"));
    Path alone = train(data, "run-alone");
    ObjectNode own = results("--run", alone);
    assertThat(own.get("images").intValue()).isEqualTo(6);
    assertThat(results("--run", alone, "--data", data.resolve("../alone"))).isEqualTo(own);
    assertThat(results("--run", alone.resolve("export/1"), "--data", data)).isEqualTo(own);
  }

  /** As on another machine: the run's own folder is not there. */
  @Test
  void copiesOfOwnImagesWithoutParts_areTestedOnTheirTenth() throws IOException {
    Path data = copy(images.resolve("train"), scratch.resolve("original"));
    Path alone = train(data, "run-original");
    ObjectNode own = results("--run", alone);
    own.remove("notes");
    Path moved = Files.move(data, scratch.resolve("moved"));
    for (Object trained : List.of(alone, alone.resolve("export/1"))) {
      ObjectNode copied = results("--run", trained, "--data", moved);
      assertThat(copied.get("notes").get(0).asText())
          .isEqualTo("a copy of the training images: those that were set aside are tested");
      copied.remove("notes");
      assertThat(copied).isEqualTo(own);
    }
    assertThat(OptionRuns.succeeds("evaluate", "--run", alone, "--data", moved).out())
        .contains(
            "\nimages     a copy of the training images: ", "\nimages     the 6 test images of ");
    // Other images, all of which are tested.
    Files.copy(moved.resolve("class0/0.png"), moved.resolve("class0/more.png"));
    assertThat(results("--run", alone, "--data", moved).get("images").intValue()).isEqualTo(61);
  }

  /** A fixed tenth of the 60 images is tested, whichever of its names the data set is given. */
  @Test
  void ownImagesOfACsvFile_areTestedOnTheirTenth() throws IOException {
    Path folder = scratch.resolve("listed");
    copy(images.resolve("train"), folder.resolve("images"));
    Path csv = csv(folder.resolve("labels.csv"), "images", 20);
    for (Path data : List.of(folder, csv)) {
      Path listed = train(data, "run-" + data.getFileName());
      ObjectNode own = results("--run", listed);
      assertThat(own.get("images").intValue()).isEqualTo(6);
      assertThat(results("--run", listed, "--data", folder)).isEqualTo(own);
      assertThat(results("--run", listed, "--data", csv)).isEqualTo(own);
    }
  }

  @Test
  void modelWithoutNames_isTestedOnADataSet() throws IOException {
    Path weights = scratch.resolve("unnamed.safetensors");
    double accuracy;
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network)) {
      model.saveWeights(weights);
      accuracy = model.evaluate(ImageData.embedded().test()).accuracy();
    }
    assertThat(json("--run", weights, "--data", "embedded").get("accuracy").doubleValue())
        .isEqualTo(accuracy);
  }

  /** The tenth is another one once a file is added. */
  @Test
  void ownImagesThatHaveChanged_areWarnedOf() throws IOException {
    Path data = copy(images.resolve("train"), scratch.resolve("changing"));
    Path changing = train(data, "run-changing");
    assertThat(OptionRuns.succeeds("evaluate", "--run", changing, "--quiet").err()).isEmpty();
    for (int i = 0; i < 20; i++) {
      Files.copy(data.resolve("class1/0.png"), data.resolve("class1/00%s.png".formatted(i)));
    }
    assertThat(OptionRuns.succeeds("evaluate", "--run", changing, "--quiet").err())
        .contains("the test images of " + data + " are not those of the run")
        .hasLineCount(1);
    Files.move(data.resolve("class1"), data.resolve("other"));
    assertThat(OptionRuns.fails("evaluate", "--run", changing).err())
        .isEqualTo(
            "lamina: classes of the images must be those of the run [class0, class1, class2], got [class0, class2,"
                + " other]; name its images with --data\n");
  }

  /** Images that have a test part of their own are not trained on, whatever is added to it. */
  @Test
  void ownTestPartThatHasChanged_isNotWarnedOf() throws IOException {
    Path data = copy(images, scratch.resolve("parts"));
    Path parts = train(data, "run-parts");
    Files.copy(data.resolve("test/class1/0.png"), data.resolve("test/class1/more.png"));
    Output output = OptionRuns.succeeds("evaluate", "--run", parts);
    assertThat(output.out()).contains("the 16 test images of " + data);
    assertThat(output.err()).isEmpty();
  }

  /** As {@code BestModel} writes weights, and as MNIST is published. */
  @Test
  void weightsOfAnEpoch_onTestFilesAlone() throws IOException {
    Path weights = scratch.resolve("best.safetensors");
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network)) {
      model.saveWeights(weights, Map.of("epoch", "3"));
    }
    Path idx = Files.createDirectory(scratch.resolve("idx"));
    ByteBuffer pixels = ByteBuffer.allocate(16 + 2 * 32 * 32);
    pixels.putInt(0x803).putInt(2).putInt(32).putInt(32);
    Files.write(idx.resolve("t10k-images-idx3-ubyte"), pixels.array());
    Files.write(
        idx.resolve("t10k-labels-idx1-ubyte"),
        ByteBuffer.allocate(10).putInt(0x801).putInt(2).put((byte) 7).array());
    assertThat(OptionRuns.succeeds("evaluate", "--run", weights, "--data", idx).out())
        .contains("\nweights    of epoch 3\n", "\nimages     the 2 test images of " + idx + "\n");
  }

  @Test
  void whatIsLeftOut_isSaid() throws IOException {
    Path some = scratch.resolve("left-out");
    copy(images.resolve("test/class2"), some.resolve("class2"));
    Files.createFile(some.resolve("class2/1.heic"));
    String left = "left out: 1 HEIC image (not read: convert to JPEG or PNG): class2/1.heic";
    assertThat(OptionRuns.succeeds("evaluate", "--run", run, "--data", some).out())
        .contains("\nimages     " + left + "\n");
    assertThat(json("--run", run, "--data", some).get("notes").get(0).asText()).isEqualTo(left);
  }

  @Test
  void picturesThatCannotBeWritten_doNotCostTheResults() throws IOException {
    Path file = Files.createFile(scratch.resolve("file"));
    Output output = OptionRuns.fails("evaluate", "--run", run, "--report", file);
    assertThat(output.out()).containsPattern("\ntest accuracy \\d\\.\\d{4}\n$");
    assertThat(output.err()).startsWith("lamina: ").contains(file.toString());
  }

  @Test
  void heatMaps_doNotReplaceTheImages() throws IOException {
    Path photos = copy(images.resolve("test/class0"), scratch.resolve("photos"));
    byte[] before = Files.readAllBytes(photos.resolve("0.png"));
    OptionRuns.succeeds("predict", "--run", run, "--explain", photos, photos.resolve("0.png"));
    assertThat(photos.resolve("0.png")).hasBinaryContent(before);
    assertThat(photos.resolve("0-explained.png")).exists();
  }
}
