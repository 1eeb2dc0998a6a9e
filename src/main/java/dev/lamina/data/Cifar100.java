package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * CIFAR-100 in its official binary layout: {@code train.bin}, {@code test.bin}, {@code
 * fine_label_names.txt}. The fine labels (100 classes) are used.
 */
public final class Cifar100 {
  private static final CifarFiles FILES = new CifarFiles(2);
  private static final String FOLDER = "cifar-100-binary";

  private Cifar100() {}

  /**
   * Reads the 50,000 training images, or fewer if the files contain fewer.
   *
   * @param folder the folder with the files, or its parent
   * @throws LaminaException if a file is missing or damaged
   */
  public static ImageSet train(Path folder) {
    return read(folder, "train.bin");
  }

  /**
   * Reads the 10,000 test images, or fewer if the files contain fewer.
   *
   * @param folder the folder with the files, or its parent
   * @throws LaminaException if a file is missing or damaged
   */
  public static ImageSet test(Path folder) {
    return read(folder, "test.bin");
  }

  static ImageData open(Path folder) {
    return new ImageData(train(folder), test(folder));
  }

  static boolean isIn(Path folder) {
    return Files.exists(resolve(folder).resolve("train.bin"))
        || Files.exists(resolve(folder).resolve("test.bin"));
  }

  private static ImageSet read(Path folder, String name) {
    Path files = resolve(folder);
    return FILES.read(
        List.of(files.resolve(name)), CifarFiles.names(files.resolve("fine_label_names.txt"), 100));
  }

  private static Path resolve(Path folder) {
    Path inner = folder.resolve(FOLDER);
    return Files.isDirectory(inner) ? inner : folder;
  }
}
