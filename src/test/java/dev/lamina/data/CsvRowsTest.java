package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of CSV files that name one image several times. */
class CsvRowsTest {
  @TempDir private Path folder;

  @BeforeEach
  void images() throws IOException {
    ImageFiles.numbered(folder.resolve("images"), 6);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static List<Integer> reds(ImageSet set) {
    return IntStream.range(0, set.size()).mapToObj(i -> (int) set.image(i)[0]).sorted().toList();
  }

  /** Copies would land in training and in test images. */
  @Test
  void equalRows_areOneImage() throws IOException {
    Path csv =
        write(
            "labels.csv",
            "path,label\n1.png,a\n2.png,a\n1.png,a\n3.png,b\n../images/4.png,b\n4.png,b\n"
                + folder.resolve("images/1.png").toAbsolutePath()
                + ",a\n");
    for (Path path : List.of(folder, csv)) {
      ImageData data = ImageData.open(path);
      assertThat(data.train().size() + data.test().size()).isEqualTo(4);
      assertThat(reds(data.train())).doesNotContainAnyElementsOf(reds(data.test()));
      assertThat(data.notes().get(0))
          .isEqualTo(
              "left out: 3 repeated rows (same image and label as an earlier one): "
                  + "images/1.png, images/4.png, images/1.png");
    }
  }

  @Test
  void equalRows_ofAPart_areOneImage() throws IOException {
    write(
        "train.csv",
        "path,label,split\n1.png,a,train\n2.png,b,train\n1.png,a,train\n3.png,b,val\n");
    write("test.csv", "path,label\n4.png,a\n5.png,b\n5.png,b\n");
    ImageData data = ImageData.open(folder);
    assertThat(reds(data.train())).containsExactly(1, 2);
    assertThat(reds(data.validation().orElseThrow())).containsExactly(3);
    assertThat(reds(data.test())).containsExactly(4, 5);
    TestImages test = ImageData.openLabelled(folder, List.of("a", "b"), ReadOptions.create());
    assertThat(reds(test.images())).containsExactly(4, 5);
    assertThat(test.report().skipped())
        .containsExactly(
            new Skipped(
                "repeated row",
                "same image and label as an earlier one",
                List.of(Path.of("images/5.png"))));
  }

  /** An absolute path has no name below a folder that is given by a relative one. */
  @Test
  void equalRows_ofARelativeFolder_withAbsolutePaths() throws IOException {
    write(
        "labels.csv",
        "path,label\n1.png,a\n2.png,a\n3.png,b\n4.png,b\n" + folder + "/images/1.png,a\n");
    Path relative = Path.of("").toAbsolutePath().relativize(folder.toAbsolutePath());
    assertThat(ImageData.open(relative).notes().get(0))
        .endsWith("(same image and label as an earlier one): " + folder.resolve("images/1.png"));
  }

  @Test
  void twoLabels_areRefused() throws IOException {
    write("labels.csv", "path,label\n1.png,cat\n2.png,dog\n./1.png,dog\n3.png,cat\n");
    Rejected.with(
        folder.resolve("images/./1.png")
            + " must have one label, got cat in line 2 of labels.csv and dog in line 4 of labels.csv;"
            + " remove the wrong line",
        () -> ImageData.open(folder));
  }

  @Test
  void twoParts_areRefused() throws IOException {
    write("train.csv", "path,label\n1.png,a\n2.png,b\n");
    write("test.csv", "path,label\n3.png,a\n2.png,b\n");
    Rejected.with(
        folder.resolve("images/2.png")
            + " must be in one part, got train in line 3 of train.csv and test in line 3 of test.csv;"
            + " remove one of the lines",
        () -> ImageData.open(folder));
    write(
        "train.csv", "path,label,split\n1.png,a,train\n2.png,b,train\n1.png,a,val\n3.png,a,test\n");
    Rejected.with(
        folder.resolve("images/1.png")
            + " must be in one part, got train in line 2 of train.csv and validation in line 4 of train.csv;"
            + " remove one of the lines",
        () -> ImageData.open(folder));
  }

  /** As the caches of DVC and git-annex store equal images of several names. */
  @Test
  void linksToOneFile_areSeveralImages() throws IOException {
    Path link = folder.resolve("images/link.png");
    try {
      Files.createSymbolicLink(link, Path.of("1.png"));
    } catch (IOException | UnsupportedOperationException e) {
      return;
    }
    write("train.csv", "path,label\n1.png,a\n2.png,b\n");
    write("test.csv", "path,label\nlink.png,b\n3.png,a\n");
    assertThat(reds(ImageData.open(folder).test())).containsExactly(1, 3);
  }
}
