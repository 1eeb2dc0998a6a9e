package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectionTest {
  @TempDir private Path folder;

  private int next;

  /** Writes images of one colour each, no two alike. */
  private void write(String name, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      ImageFiles.write(folder.resolve(name).resolve((100 + i) + ".png"), 2, 2, 1000 * next++);
    }
  }

  private List<String> findings() {
    return Inspection.of(ImageData.open(folder), folder).stream().map(Finding::toString).toList();
  }

  private void copy(String from, String to) throws IOException {
    Files.copy(folder.resolve(from), folder.resolve(to));
  }

  /** As in a CSV file of absolute paths. */
  @Test
  void filesOutsideTheFolder_areNamedAsTheyAre() throws IOException {
    write("elsewhere", 3);
    Path image = folder.resolve("elsewhere/100.png").toAbsolutePath();
    Path csv = folder.resolve("lists/labels.csv");
    Files.createDirectories(csv.getParent());
    copy("elsewhere/100.png", "elsewhere/900.png");
    Files.writeString(
        csv,
        "path,label,split\n"
            + image
            + ",a,train\n"
            + folder.resolve("elsewhere/900.png")
            + ",a,test\n"
            + folder.resolve("elsewhere/101.png")
            + ",b,train\n"
            + folder.resolve("elsewhere/102.png")
            + ",b,test\n");
    assertThat(Inspection.of(ImageData.open(csv), csv).toString()).contains(image.toString());
  }

  @Test
  void goodSet_hasNothingToSay() throws IOException {
    write("train/a", 20);
    write("train/b", 200);
    write("test/a", 1);
    write("test/b", 1);
    assertThat(findings()).isEmpty();
  }

  @Test
  void samePixelsInTwoParts_orWithTwoLabels() throws IOException {
    for (String part : List.of("train", "val", "test")) {
      write(part + "/a", 20);
      write(part + "/b", 20);
    }
    // Another file of the same pixels.
    ImageFiles.write(folder.resolve("train/a/900.bmp"), 2, 2, 7);
    ImageFiles.write(folder.resolve("test/a/900.png"), 2, 2, 7);
    copy("train/b/101.png", "test/b/901.png");
    copy("train/a/100.png", "val/a/902.png");
    copy("val/a/102.png", "test/b/903.png");
    copy("train/b/103.png", "train/b/904.png");
    assertThat(findings())
        .containsExactly(
            "1 validation image also in train (val/a/902.png = train/a/100.png); keep each in one"
                + " part, else the accuracy on validation is too high",
            "2 test images also in train (test/a/900.png = train/a/900.bmp, test/b/901.png ="
                + " train/b/101.png); keep each in one part, else the accuracy on test is too high",
            "1 test image also in validation (test/b/903.png = val/a/102.png); keep each in one"
                + " part, else the accuracy on test is too high",
            "1 image with two labels (val/a/102.png = test/b/903.png); keep the right one of each");
  }

  @Test
  void unevenAndSmallClasses() throws IOException {
    write("train/a", 201);
    write("train/b", 20);
    write("train/c", 19);
    write("test/a", 1);
    write("test/b", 1);
    write("test/c", 1);
    assertThat(findings())
        .containsExactly(
            "class a has 201 training images, class c only 19; add images to the small classes, or"
                + " weigh them: CrossEntropy has class weights",
            "1 of 3 classes have fewer than 20 training images; add images, or start from a trained"
                + " network with train --from");
  }

  @Test
  void differentSizes_ofFiles() throws IOException {
    for (String part : List.of("train", "test")) {
      for (int i = 0; i < 20; i++) {
        ImageFiles.write(folder.resolve(part + "/a/" + i + ".png"), 6, 4 + i, 100 * next++);
        ImageFiles.write(folder.resolve(part + "/b/" + i + ".png"), 6, 10, 100 * next++);
      }
    }
    ImageData data = ImageData.open(folder, Resize.stretch(4));
    assertThat(Inspection.of(data, folder))
        .containsExactly(
            new Finding(
                "the files are 4 x 6 to 23 x 6 pixels (width x height), the median is 10 x 6",
                "all become one size by --image-size, which should not be larger than the median"));
  }

  @Test
  void turnedPhotographs() throws IOException {
    write("train/a", 2);
    write("train/b", 2);
    write("test/a", 1);
    write("test/b", 1);
    Listing listing = Listing.of(folder);
    assertThat(Inspection.turned(listing, false, file -> 1)).isEmpty();
    assertThat(Inspection.turned(listing, false, file -> file.endsWith("b/101.png") ? 6 : 1))
        .hasToString(
            "Optional[1 file with an EXIF orientation (train/b/101.png); they are used as stored, as"
                + " in torchvision and Keras; give --upright to turn them, in training and in"
                + " prediction]");
    assertThat(Inspection.turned(listing, true, file -> file.endsWith("100.png") ? 3 : 1))
        .hasToString(
            "Optional[4 files with an EXIF orientation (train/a/100.png, train/b/100.png,"
                + " test/a/100.png, ...); --upright turns them, in training and in prediction]");
  }

  /** No files to name. */
  @Test
  void anySet() {
    ImageSet train =
        ImageSet.of(
            1, 1, 3, new byte[] {1, 2, 3, 4, 5, 6}, new int[] {0, 1}, List.of("a", "b", "c"));
    ImageSet test = train.subset(new int[] {1});
    assertThat(Inspection.of(new ImageData(train, test)))
        .extracting(Finding::what)
        .containsExactly(
            "1 test image also in train (test image 0 = train image 1)",
            "2 of 3 classes have fewer than 20 training images");
  }

  @Test
  void changedFolder_isNotInspected() throws IOException {
    write("train/a", 2);
    write("train/b", 2);
    write("test/a", 1);
    write("test/b", 1);
    ImageData data = ImageData.open(folder);
    write("test/c", 1);
    write("train/c", 1);
    Rejected.with(
        folder + " has changed while it was read; inspect it again",
        () -> Inspection.of(data, folder));
  }
}
