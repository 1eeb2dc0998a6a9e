package dev.lamina.data;

import dev.lamina.io.AtomicFiles;
import dev.lamina.io.CacheLock;
import dev.lamina.io.Download;
import dev.lamina.io.LaminaException;
import dev.lamina.io.PublishedFile;
import dev.lamina.io.WebAddress;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A data set that can be downloaded.
 *
 * @param site the base URL of its files; ends with a slash
 * @param files its files
 * @param folder its folder in the cache
 */
record Published(URI site, List<PublishedFile> files, String folder) {
  private static final URI CIFAR = URI.create("https://www.cs.toronto.edu/~kriz/");

  private static final Map<String, Published> ALL =
      new TreeMap<>(
          Map.of(
              "cifar10",
              new Published(
                  CIFAR,
                  List.of(
                      PublishedFile.sha256(
                          "cifar-10-binary.tar.gz",
                          "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")),
                  "cifar10"),
              "cifar100",
              new Published(
                  CIFAR,
                  List.of(
                      PublishedFile.sha256(
                          "cifar-100-binary.tar.gz",
                          "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")),
                  "cifar100"),
              "fashion-mnist",
              new Published(
                  URI.create("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
                  // Checksums from the data set's README.
                  List.of(
                      PublishedFile.md5(
                          "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
                      PublishedFile.md5(
                          "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
                      PublishedFile.md5(
                          "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
                      PublishedFile.md5(
                          "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310")),
                  "fashion-mnist")));

  static Published of(String name) {
    Published published = ALL.get(name);
    if (published == null) {
      throw new LaminaException(
          "name must be one of " + String.join(", ", ALL.keySet()) + ", got " + name);
    }
    return published;
  }

  /** Returns the folder with the data set's files, downloading them first if it does not exist. */
  @SuppressWarnings("try") // The lock is held, not used.
  Path fetch(Path cache, @Nullable URI mirror) {
    Path target = cache.resolve(folder);
    if (Files.isDirectory(target)) {
      return target;
    }
    URI from = mirror == null ? site : checked(mirror);
    try (CacheLock lock = CacheLock.ofFolder(cache)) {
      if (!Files.isDirectory(target)) {
        download(from, cache.resolve(folder + ".download"), target);
      }
      return target;
    } catch (IOException e) {
      throw Download.unwritable(target, e);
    }
  }

  private void download(URI from, Path parts, Path target) throws IOException {
    Files.createDirectories(parts);
    for (PublishedFile file : files) {
      Download.fetch(from.resolve(file.name()), parts.resolve(file.name()), file);
    }
    // createTempDirectory would make the folder readable by its owner only.
    Path unpacked = Files.createDirectory(AtomicFiles.temporary(target));
    try {
      for (PublishedFile file : files) {
        Path downloaded = parts.resolve(file.name());
        if (file.name().endsWith(".tar.gz")) {
          Archives.unpack(downloaded, unpacked);
        } else {
          Files.copy(downloaded, unpacked.resolve(file.name()));
        }
      }
      Files.move(unpacked, target);
    } finally {
      Archives.delete(unpacked);
    }
    Archives.delete(parts);
  }

  private static URI checked(URI uri) {
    URI checked = WebAddress.check("mirror", uri);
    return checked.toString().endsWith("/") ? checked : URI.create(checked + "/");
  }
}
