package dev.lamina.report;

import com.google.common.primitives.Ints;
import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.pipeline.Preview;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The contact sheet of images beside augmented versions. */
public final class Samples {
  private static final int ROWS = 10;

  private Samples() {}

  /**
   * Writes one image of each of at most ten classes that have images, beside seven augmented
   * versions.
   */
  public static void write(ImageSet set, List<BatchAugmentation> augmentations, Path file) {
    ContactSheet.write(columns(set, augmentations), file);
  }

  static BufferedImage draw(ImageSet set, List<BatchAugmentation> augmentations) {
    return ContactSheet.draw(columns(set, augmentations));
  }

  private static List<ImageSet> columns(ImageSet set, List<BatchAugmentation> augmentations) {
    int[] labels = set.labels();
    int[] first =
        IntStream.range(0, set.classes())
            .map(label -> Ints.indexOf(labels, label))
            .filter(index -> index >= 0)
            .limit(ROWS)
            .toArray();
    ImageSet originals = set.subset(first);
    List<ImageSet> columns = new ArrayList<>(List.of(originals));
    columns.addAll(Preview.of(originals, augmentations, 7));
    return columns;
  }
}
