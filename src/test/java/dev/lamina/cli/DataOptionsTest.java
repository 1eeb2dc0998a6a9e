package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.cli.MainTest.Output;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options that choose and resize images, on a folder of several sizes. */
class DataOptionsTest {
  @TempDir private Path folder;
  private Path data = Path.of("");

  /** The upper half of each image is white; the rest is of its class's colour. */
  @BeforeEach
  void write() throws IOException {
    data = folder.resolve("photos");
    for (String part : List.of("train", "test")) {
      for (int i = 0; i < 4; i++) {
        int green = part.equals("train") ? i : 100 + i;
        write(part + "/blue/" + i + ".png", 20 + i, 40, new Color(0, green, 200));
        write(part + "/red/" + i + ".png", 40, 20 + i, new Color(200, green, 0));
      }
    }
  }

  private void write(String name, int width, int height, Color lower) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height / 2);
    graphics.setColor(lower);
    graphics.fillRect(0, height / 2, width, height);
    Files.createDirectories(data.resolve(name).getParent());
    ImageIO.write(image, "png", data.resolve(name).toFile());
  }

  private static Output succeeds(Object... args) {
    Output output = MainTest.lamina(args);
    assertThat(output.status()).as(output.err()).isZero();
    return output;
  }

  private static void refused(String message, Object... args) {
    Output output = MainTest.lamina(args);
    assertThat(output.err()).isEqualTo("lamina: " + message + "\n");
    assertThat(output.status()).isEqualTo(2);
  }

  @Test
  void withoutASize_theMessageSaysWhatToGive() {
    Output output = MainTest.lamina("data", "inspect", "--data", data);
    assertThat(output.status()).isEqualTo(2);
    assertThat(output.err().lines()).hasSize(1);
    assertThat(output.err()).contains(" x ", "; give --image-size N, or Resize.cover(N) in Java");
  }

  @ParameterizedTest
  @CsvSource({"24, 24 x 24", "24x16, 24 x 16"})
  void imageSize_isHeightAndWidth(String size, String shown) {
    assertThat(succeeds("data", "inspect", "--data", data, "--image-size", size).out())
        .startsWith("8 training and 8 test images, " + shown + " x 3, 2 classes\n")
        .containsPattern("\nblue +4 +4\n")
        .containsPattern("\ndecoded 16 images in \\d\\.\\d s \\([\\d,]+/s\\)\n")
        .contains(
            "\nfound: the files are 20 x 40 to 40 x 23 pixels (width x height), the median is ");
  }

  /** The share of black tells the rules apart. */
  @Test
  void resize_choosesTheRule() {
    String cover = means("--resize", "cover");
    assertThat(means()).isEqualTo(cover);
    assertThat(
            List.of(
                means("--resize", "fit"), means("--resize", "stretch"), means("--resize", "pad")))
        .doesNotHaveDuplicates()
        .doesNotContain(cover);
  }

  private String means(String... resize) {
    Object[] args = {"data", "inspect", "--data", data, "--image-size", 64};
    return succeeds(Stream.concat(Stream.of(args), Stream.of(resize)).toArray())
        .out()
        .lines()
        .filter(line -> line.startsWith("mean"))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--resize fit | --resize must be given with --image-size; give --image-size N, the size to train on",
        "--upright | --upright must be given with --image-size; give --image-size N, the size to train on",
        "--image-size 0 | --image-size must be N or HxW with sides in 1..4096, got 0",
        "--image-size 32x | --image-size must be N or HxW with sides in 1..4096, got 32x",
        "--image-size 64x4097 | --image-size must be N or HxW with sides in 1..4096, got 64x4097",
        "--image-size 32 --resize crop | resize must be one of [pad, cover, fit, stretch], got crop",
      })
  void badOptions_areOneLine(String options, String message) {
    refused(
        message,
        Stream.concat(
                Stream.of("data", "inspect", "--data", data.toString()),
                Stream.of(options.split(" ", -1)))
            .toArray());
  }

  @Test
  void dataSetsThatAreNoFiles_areNotResized() {
    String message =
        "--data must be a folder of images to be resized or streamed, got embedded, which is opened"
            + " as it is";
    refused(message, "data", "inspect", "--image-size", "16");
    refused(message, "data", "inspect", "--stream");
  }

  @Test
  void leftOutAndDuplicates_arePrinted() throws IOException {
    Files.createFile(data.resolve("train/red/a.heic"));
    Files.copy(data.resolve("train/red/0.png"), data.resolve("test/blue/copy.png"));
    String left = "left out: 1 HEIC image (not read: convert to JPEG or PNG): train/red/a.heic\n";
    assertThat(succeeds("data", "inspect", "--data", data, "--image-size", 16).out())
        .contains(left)
        .contains(
            "\nfound: 1 test image also in train (test/blue/copy.png = train/red/0.png); keep")
        .contains("\nfound: 1 image with two labels (train/red/0.png = test/blue/copy.png); keep");
  }

  @Test
  void severalBadFiles_areOneLine() throws IOException {
    for (String name : List.of("train/blue/1.png", "train/red/3.png")) {
      Files.write(data.resolve(name), new byte[0]);
    }
    refused(
        data.resolve("train/blue/1.png")
            + " is empty (0 bytes); remove it or copy it again; 2 of 16 images cannot be read,"
            + " the others are "
            + data.resolve("train/red/3.png"),
        "data",
        "inspect",
        "--data",
        data,
        "--image-size",
        16);
  }

  private Output train(Path run, Object... options) {
    Object[] args = {
      "train",
      "--data",
      data,
      "--run",
      run,
      "--width",
      1,
      "--epochs",
      1,
      "--batch-size",
      4,
      "--precision",
      "float32"
    };
    return succeeds(Stream.concat(Stream.of(args), Stream.of(options)).toArray());
  }

  /** The run knows how its images were prepared, for resuming and evaluating it. */
  @Test
  void train_storesTheSize_andResumesAndEvaluatesWithIt() throws IOException {
    Path run = folder.resolve("run");
    Output train = train(run, "--image-size", "16x24", "--resize", "fit", "--upright");
    assertThat(train.out()).contains(": 8 training and 8 test images, 16 x 24 x 3, 2 classes\n");
    assertThat(RunConfig.read(run).preprocessing())
        .isEqualTo(Optional.of(Preprocessing.of(Resize.fit(16, 24)).upright(true)));
    String accuracy = train.out().lines().reduce((a, b) -> b).orElseThrow();
    assertThat(succeeds("evaluate", "--run", run, "--data", data).out()).endsWith(accuracy + "\n");
    succeeds("train", "--resume", run, "--epochs", 2);
    assertThat(Files.readAllLines(run.resolve("history.csv"))).hasSize(3);
    assertThat(RunConfig.read(run).preprocessing()).isPresent();
    refused(
        "--image-size must not be given with --resume: a run continues as it began; only --epochs,"
            + " --learning-rate, --accumulate, --data, --cache, --mirror, --stream, --device, --quiet may be; see 'lamina train --help'",
        "train",
        "--resume",
        run,
        "--image-size",
        16);
  }

  @Test
  void preview_ofAFolderOfSeveralSizes() throws IOException {
    Path picture = folder.resolve("p.png");
    succeeds("data", "preview", "--data", data, "--image-size", 16, "--out", picture);
    assertThat(ImageIO.read(picture.toFile()).getHeight()).isGreaterThan(31);
  }

  @Test
  void stream_keepsThePixelsInTheCache() {
    Path cache = folder.resolve("cache");
    succeeds("data", "inspect", "--data", data, "--image-size", 16, "--stream", "--cache", cache);
    assertThat(cache.resolve("streamed").toFile().listFiles((any, name) -> !name.startsWith(".")))
        .extracting(java.io.File::length)
        .containsOnly(20L + 8 * 16 * 16 * 3);
  }

  @Test
  void progress_isALineNowAndThen() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    try (DecodingProgress often = new DecodingProgress(out, false, 0);
        DecodingProgress seldom = new DecodingProgress(out, false, 1000)) {
      often.onDecoded(1234, 5678);
      seldom.onDecoded(1, 2);
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .isEqualTo("decoded 1,234 of 5,678 images" + System.lineSeparator());
  }

  @Test
  void mirrorWithASpace_isRefusedWithTheRule() {
    assertThat(OptionRuns.fails("data", "inspect", "--data", "cifar10", "--mirror", "http://a b/"))
        .extracting(Output::err)
        .asString()
        .startsWith("lamina: --mirror must be an http or https address ")
        .endsWith(", got http://a b/\n");
  }

  @Test
  void progress_isABarInATerminal() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DecodingProgress bar =
        new DecodingProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), true, 0)) {
      bar.onDecoded(1, 2);
      bar.onDecoded(2, 2);
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8)).contains("decoding 2 of 2 images");
    assertThat(DecodingProgress.line(0, 2_000_000, 0, 40))
        .isEqualTo("decoding 0 of 2,000,000 images");
    assertThat(DecodingProgress.line(500, 2000, 10, 40)).isEqualTo("decoding 500 of 2,000 images");
    assertThat(DecodingProgress.line(500, 2000, 10, 45))
        .isEqualTo("decoding 500 of 2,000 images  0:00:30 left");
    assertThat(DecodingProgress.line(500, 2000, 10, 80))
        .isEqualTo(
            "decoding 500 of 2,000 images  0:00:30 left  50 images/s  [=====                ]")
        .hasSize(80);
  }
}
