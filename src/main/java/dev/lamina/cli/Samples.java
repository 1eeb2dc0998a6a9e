package dev.lamina.cli;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.pipeline.Preview;
import dev.lamina.report.ContactSheet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The contact sheet of images beside augmented versions. */
final class Samples {
  private Samples() {}

  /** Writes one image of each class (at most ten) beside seven augmented versions. */
  static void write(ImageSet set, List<BatchAugmentation> augmentations, Path file) {
    int rows = Math.min(10, set.classes());
    int[] first = new int[rows];
    for (int label = 0; label < rows; label++) {
      int at = 0;
      while (set.label(at) != label) {
        at++;
      }
      first[label] = at;
    }
    ImageSet originals = set.subset(first);
    List<ImageSet> columns = new ArrayList<>(List.of(originals));
    for (int draw = 1; draw < 8; draw++) {
      columns.add(Preview.of(originals, augmentations, draw));
    }
    ContactSheet.write(columns, file);
  }
}
