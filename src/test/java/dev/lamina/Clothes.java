package dev.lamina;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** Some classes of the embedded images, as a set or as a folder: tasks to learn from each other. */
public final class Clothes {
  /** What a first model learns. */
  public static final List<Integer> FIRST = List.of(0, 1, 2, 3, 4);

  /** What a second one does. */
  public static final List<Integer> SECOND = List.of(5, 8, 9);

  private Clothes() {}

  /** The first training images of some classes, which are numbered anew. */
  public static ImageSet train(List<Integer> classes, int each) {
    return some(ImageData.embedded().train(), classes, each);
  }

  /** Writes an image folder: {@code train|test/CLASS/*.png}. */
  public static Path write(Path folder, List<Integer> classes, int train, int test)
      throws IOException {
    write(train(classes, train), folder.resolve("train"));
    write(some(ImageData.embedded().test(), classes, test), folder.resolve("test"));
    return folder;
  }

  private static ImageSet some(ImageSet set, List<Integer> classes, int each) {
    int[] indices =
        classes.stream()
            .flatMapToInt(
                label ->
                    IntStream.range(0, set.size()).filter(i -> set.label(i) == label).limit(each))
            .toArray();
    ImageSet chosen = set.subset(indices);
    byte[] pixels = new byte[chosen.pixels().remaining()];
    chosen.pixels().get(pixels);
    int[] labels = IntStream.of(chosen.labels()).map(classes::indexOf).toArray();
    List<String> names =
        classes.stream().map(label -> set.classNames().get(label).replace('/', '-')).toList();
    return ImageSet.of(set.height(), set.width(), set.channels(), pixels, labels, names);
  }

  private static void write(ImageSet set, Path part) throws IOException {
    for (int i = 0; i < set.size(); i++) {
      Path file = part.resolve(set.classNames().get(set.label(i))).resolve(i + ".png");
      Files.createDirectories(file.resolveSibling(""));
      ImageIO.write(set.toBufferedImage(i), "png", file.toFile());
    }
  }
}
