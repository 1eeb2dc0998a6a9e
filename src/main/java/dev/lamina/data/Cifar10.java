package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * CIFAR-10 in its official binary layout: {@code data_batch_1.bin} to {@code data_batch_5.bin},
 * {@code test_batch.bin}, {@code batches.meta.txt} (Krizhevsky, "Learning Multiple Layers of
 * Features from Tiny Images", 2009).
 */
public final class Cifar10 {
  private static final CifarFiles FILES = new CifarFiles(1);
  private static final String FOLDER = "cifar-10-batches-bin";

  private Cifar10() {}

  /**
   * Reads the 50,000 training images, or fewer if the files contain fewer.
   *
   * @param folder the folder with the files, or its parent
   * @throws LaminaException if a file is missing or damaged
   */
  public static ImageSet train(Path folder) {
    Path files = resolve(folder);
    return FILES.read(
        IntStream.rangeClosed(1, 5)
            .mapToObj(i -> files.resolve("data_batch_" + i + ".bin"))
            .toList(),
        names(files));
  }

  /**
   * Reads the 10,000 test images, or fewer if the files contain fewer.
   *
   * @param folder the folder with the files, or its parent
   * @throws LaminaException if a file is missing or damaged
   */
  public static ImageSet test(Path folder) {
    Path files = resolve(folder);
    return FILES.read(List.of(files.resolve("test_batch.bin")), names(files));
  }

  static ImageData open(Path folder) {
    return new ImageData(train(folder), test(folder));
  }

  static boolean isIn(Path folder) {
    return Files.exists(resolve(folder).resolve("data_batch_1.bin"))
        || Files.exists(resolve(folder).resolve("test_batch.bin"));
  }

  private static List<String> names(Path files) {
    return CifarFiles.names(files.resolve("batches.meta.txt"), 10);
  }

  private static Path resolve(Path folder) {
    Path inner = folder.resolve(FOLDER);
    return Files.isDirectory(inner) ? inner : folder;
  }
}
