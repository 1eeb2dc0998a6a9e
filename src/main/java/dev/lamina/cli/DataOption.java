package dev.lamina.cli;

import dev.lamina.data.ImageData;
import java.net.URI;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The options that choose the images. */
final class DataOption {
  static final String EMBEDDED = "embedded";
  private static final Set<String> NAMES = Set.of("cifar10", "cifar100", "fashion-mnist");

  @Option(
      names = "--data",
      paramLabel = "DATA",
      defaultValue = EMBEDDED,
      description =
          "a folder (CIFAR-10 or CIFAR-100 binary, IDX, or images in train|validation|test/CLASS/), one of cifar10, cifar100,"
              + " fashion-mnist (downloaded), or embedded, a sample of Fashion-MNIST (default)")
  String data = EMBEDDED;

  @Option(
      names = "--cache",
      paramLabel = "DIR",
      description = "where downloads are kept (default: .lamina in the home folder)")
  Path cache = Path.of(System.getProperty("user.home"), ".lamina");

  @Option(
      names = "--mirror",
      paramLabel = "URL",
      description = "where to download from instead of the data set's own site")
  @Nullable URI mirror;

  @Option(
      names = "--stream",
      description =
          "leave the images of a folder on disk (decoded, in --cache): for sets larger than memory")
  boolean stream;

  /** Returns whether the user chose the images. */
  static boolean given(CommandSpec spec) {
    return spec.commandLine().getParseResult().hasMatchedOption("--data");
  }

  /** Returns the name of the images, with an absolute path. */
  String absolute() {
    return embedded() || NAMES.contains(data) ? data : Path.of(data).toAbsolutePath().toString();
  }

  boolean embedded() {
    return data.equals(EMBEDDED);
  }

  /** Returns whether the images are a folder of images, not a published data set. */
  boolean isImageFolder() {
    return !embedded() && !NAMES.contains(data) && ImageData.isImageFolder(Path.of(data));
  }

  ImageData open() {
    return open(data, stream);
  }

  ImageData open(String name, boolean onDisk) {
    if (onDisk) {
      return ImageData.streamed(Path.of(name), cache.resolve("streamed"));
    }
    if (name.equals(EMBEDDED)) {
      return ImageData.embedded();
    }
    return NAMES.contains(name)
        ? ImageData.named(name, cache, mirror)
        : ImageData.open(Path.of(name));
  }
}
