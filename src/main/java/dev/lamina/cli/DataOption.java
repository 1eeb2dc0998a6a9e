package dev.lamina.cli;

import dev.lamina.data.ImageData;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.ReadOptions;
import dev.lamina.data.ReadReport;
import dev.lamina.data.TestImages;
import dev.lamina.io.LaminaException;
import dev.lamina.io.WebAddress;
import dev.lamina.model.Model;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The options that choose the images. */
final class DataOption {
  static final String EMBEDDED = "embedded";

  static final String IMAGES =
      "a folder (CIFAR-10 or CIFAR-100 binary, IDX, images in train|validation|test/CLASS/ or CLASS/, or a CSV file of"
          + " images and labels), one of cifar10, cifar100, fashion-mnist (downloaded), or embedded, a sample of"
          + " Fashion-MNIST";

  private static final Set<String> NAMES = Set.of("cifar10", "cifar100", "fashion-mnist");

  @Option(
      names = "--data",
      paramLabel = "DATA",
      defaultValue = EMBEDDED,
      description = IMAGES + " (default)")
  String data = EMBEDDED;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description = "where downloads are kept (default: .lamina in the home folder)")
  Path cache = Path.of(System.getProperty("user.home"), ".lamina");

  /** Whether the command prints nothing but results and errors. */
  boolean quiet;

  @Option(
      names = "--mirror",
      paramLabel = "URL",
      description = "where to download from instead of the data set's own site")
  @Nullable String mirror;

  @Option(
      names = "--stream",
      description =
          "leave the images of a folder on disk (decoded, in --cache); done without being asked for sets larger than memory")
  boolean stream;

  /** Returns whether the user chose the images. */
  static boolean given(CommandSpec spec) {
    return spec.commandLine().getParseResult().hasMatchedOption("--data");
  }

  /** Returns the name of the images, with an absolute path. */
  String absolute() {
    return isPublished(data) ? data : Path.of(data).toAbsolutePath().toString();
  }

  boolean embedded() {
    return data.equals(EMBEDDED);
  }

  /** Returns whether the images are image files, not a published data set. */
  boolean isImageFolder() {
    return isImageFolder(data);
  }

  /** Returns whether these images are image files, not a published data set. */
  static boolean isImageFolder(String name) {
    return !isPublished(name) && ImageData.isImageFolder(Path.of(name));
  }

  /** Returns whether the test images of this name are another tenth once images are added. */
  static boolean isDivided(String name) {
    return !isPublished(name) && ImageData.isDivided(Path.of(name));
  }

  private static boolean isPublished(String name) {
    return name.equals(EMBEDDED) || NAMES.contains(name);
  }

  ImageData open(Optional<Preprocessing> preprocessing) {
    return open(data, stream, preprocessing);
  }

  /** Opens images, and shows the progress of decoding on standard error. */
  ImageData open(String name, boolean onDisk, Optional<Preprocessing> preprocessing) {
    if (isPublished(name)) {
      if (onDisk || preprocessing.isPresent()) {
        throw new LaminaException(
            "--data must be a folder of images to be resized or streamed, got "
                + name
                + ", which is opened as it is");
      }
      URI site = mirror == null ? null : WebAddress.parse("--mirror", mirror);
      return name.equals(EMBEDDED) ? ImageData.embedded() : ImageData.named(name, cache, site);
    }
    return read(onDisk, preprocessing, options -> ImageData.open(Path.of(name), options));
  }

  /**
   * Opens the images that a model is tested on.
   *
   * @param own whether it was trained on the others of this name
   */
  TestImages openTest(String name, boolean own, boolean onDisk, Model model) {
    if (isPublished(name)) {
      return new TestImages(open(name, onDisk, Optional.empty()).test(), ReadReport.NONE);
    }
    Path path = Path.of(name);
    return read(
        onDisk,
        // As those that the model was trained on.
        Optional.of(model.preprocessing()).filter(any -> ImageData.isImageFolder(path)),
        options ->
            own
                ? ImageData.openTest(path, options)
                : ImageData.openLabelled(path, model.classNames(), options));
  }

  private <T> T read(
      boolean onDisk, Optional<Preprocessing> preprocessing, Function<ReadOptions, T> reader) {
    try (DecodingProgress progress = quiet ? DecodingProgress.none() : DecodingProgress.console()) {
      return reader.apply(
          new ReadOptions(
              preprocessing,
              cache.resolve("streamed"),
              onDisk,
              ReadOptions.create().maxMemory(),
              progress));
    }
  }
}
