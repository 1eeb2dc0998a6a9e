package dev.lamina.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training and prediction in a local cluster of Spark: two executors in processes of their own. */
class LocalClusterTest {
  private static final Pattern LOADING = Pattern.compile("LoadedModels: loading ");
  @TempDir private static Path folder;
  private static LocalCluster cluster;
  private static String said;

  @BeforeAll
  static void runJob() throws Exception {
    writePhotos();
    cluster = LocalCluster.in(folder.resolve("spark"));
    said = cluster.submit(FailuresJob.class, folder);
    System.out.println(said);
  }

  /** So that the jars are not taken for files of the test. */
  @AfterAll
  static void unlink() throws IOException {
    cluster.unlink();
  }

  /** Writes reddish and bluish noise: 2 x 20 images to train on, 2 x 6 to test. */
  private static void writePhotos() throws IOException {
    Random random = new Random(1);
    for (String name : List.of("blue", "red")) {
      for (int i = 0; i < 26; i++) {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int pixel = 0; pixel < 64; pixel++) {
          int strong = 100 + random.nextInt(156);
          int weak = random.nextInt(156);
          Color color =
              name.equals("red") ? new Color(strong, weak, weak) : new Color(weak, weak, strong);
          image.setRGB(pixel % 8, pixel / 8, color.getRGB());
        }
        Path part = folder.resolve("photos").resolve(i < 20 ? "train" : "test").resolve(name);
        Files.createDirectories(part);
        ImageIO.write(image, "png", part.resolve(i + ".png").toFile());
      }
    }
  }

  @Test
  void training_endsWhereThatOfLaunchEnds() throws Exception {
    Path run = folder.resolve("launched");
    Path config = folder.resolve("run/config.json");
    cluster.lamina("launch", "--workers", 2, "train", "--config", config, "--run", run);
    assertThat(weights(run)).isEqualTo(weights(folder.resolve("run")));
  }

  @Test
  void killedTraining_endsWhereTheUndisturbedEnds() throws IOException {
    assertThat(said).contains("killed training: restarts: 2\n");
    assertThat(weights(folder.resolve("killed"))).isEqualTo(weights(folder.resolve("run")));
  }

  @Test
  void killedPredicting_hasTheRowsOfTheUndisturbed() {
    assertThat(said)
        .contains("killed predicting: executor was killed: true\n")
        .contains("undisturbed predicting: images: 260\n")
        .containsPattern(
            "(?s)undisturbed predicting: (sum of probabilities: \\d{3}\\.\\d+)\\n"
                + "killed predicting: \\1\\n")
        .contains("killed predicting: same rows: true\n");
  }

  @Test
  void predictions_areThoseOfTheCommand() throws Exception {
    Path image = folder.resolve("photos/test/red/20.png");
    String command =
        cluster.lamina("predict", "--run", folder.resolve("run/export/1"), "--top", 1, image);
    assertThat(said).contains("one image: " + command.substring(command.indexOf(": ") + 2));
  }

  @Test
  void executor_loadsAModelOnce() throws IOException {
    List<String> logs = cluster.executorLogs();
    assertThat(logs).hasSizeGreaterThanOrEqualTo(4);
    assertThat(logs)
        .allSatisfy(log -> assertThat(LOADING.matcher(log).results()).hasSizeLessThan(2));
    assertThat(String.join("", logs)).contains("LoadedModels: loading " + folder);
  }

  @Test
  void badImages_haveAnError() {
    String advice =
        " (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or remove it]\n";
    assertThat(said)
        .contains(
            "bad image: [%1$s/bad.png,null,null,null,%1$s/bad.png is not an image of a known format"
                    .formatted(folder)
                + advice,
            "bad image: [%1$s/missing.png,null,null,null,File %1$s/missing.png does not exist]\n"
                .formatted(folder),
            "bad image: [null,image is not an image of a known format" + advice,
            "bad image: [null,column content is null]\n");
  }

  @Test
  void whatCannotBeUsed_isRefusedInOneLine() {
    String refused =
        said.lines()
            .filter(line -> line.startsWith("refused: "))
            .map(line -> line.substring("refused: ".length()))
            .map(line -> line.replace(folder.toString(), "FOLDER"))
            .map(line -> line.replaceFirst("application, \\d after", "application, N after"))
            .map(line -> line.replaceFirst("(worker|Job) \\d+ ", "$1 N "))
            .collect(Collectors.joining("\n"));
    assertThat(refused)
        .isEqualTo(
            """
            run must be an absolute path that all executors see, got runs/1
            workers must be positive, got 0
            workers must be at most the task slots of the application, N after 1 s, got 3; give it more executors
            worker N failed with status 2: rank 1 does not see in /proc/self/cwd/run what rank 0 writes to its run\
             folder; give all the same folder, on a file system that all machines share
            column path must be of type binary (files) or string (paths), is bigint
            column must be one of [path], got image
            FOLDER/photos is not an export of Lamina: it has no assets.extra/lamina.json; name the folder of\
             saved_model.pb
            batchSize must be positive, got 0
            images must have no column label, which is added; rename it
            Job N cancelled as part of cancellation of all jobs""");
  }

  @Test
  void readme_hasTheExample() throws IOException {
    String source = Files.readString(Path.of("src/test/java/dev/lamina/spark/ExampleJob.java"));
    String readme = Files.readString(Path.of("README.md"));
    for (String region : List.of("job", "example")) {
      int start = source.indexOf("// region " + region + "\n") + region.length() + 11;
      int end = source.indexOf("    // endregion", start);
      String code = source.substring(start, end).stripTrailing().stripIndent();
      assertThat(readme).contains("```java\n" + code + "\n```\n");
    }
  }

  /** Returns the values of a safetensors file, which follow its header. */
  private static byte[] weights(Path run) throws IOException {
    byte[] file = Files.readAllBytes(run.resolve("weights.safetensors"));
    long header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    return Arrays.copyOfRange(file, Math.toIntExact(8 + header), file.length);
  }
}
