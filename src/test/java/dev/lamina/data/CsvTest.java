package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** CSV files, and the images and labels that they name. */
class CsvTest {
  @TempDir private Path folder;

  @BeforeEach
  void images() throws IOException {
    ImageFiles.numbered(folder.resolve("pictures"), 4);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static int red(ImageSet set, int index) {
    return set.image(index)[0];
  }

  @Test
  void rows_ofRfc4180() throws IOException {
    Path file = write("x.csv", "\uFEFFa,\"b, c\",\"d \"\"e\"\"\"\r\n\r\n  f ,,\"g\nh\"\n\"i\" ,j");
    assertThat(Csv.read(file, 9))
        .containsExactly(
            new Csv.Row(1, List.of("a", "b, c", "d \"e\"")),
            new Csv.Row(3, List.of("f", "", "g\nh")),
            new Csv.Row(5, List.of("i", "j")));
    assertThat(Csv.read(file, 1)).hasSize(1);
    assertThat(Csv.read(write("empty.csv", ""), 9)).isEmpty();
  }

  @Test
  void damagedText_isRefused() throws IOException {
    Path open = write("x.csv", "a,b\n1,\"2\n3,4\n");
    Rejected.with(
        open + " has a quotation mark in line 2 that is not closed; close it",
        () -> Csv.read(open, 9));
    Path latin =
        Files.write(folder.resolve("y.csv"), "caf\u00e9,1".getBytes(StandardCharsets.ISO_8859_1));
    Rejected.with(latin + " is not text in UTF-8; save it as UTF-8", () -> Csv.read(latin, 9));
  }

  /** With the columns' names as people write them, or without. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "path,label",
        "filename,class",
        "File Name,Label",
        "id_code,label",
        "image,diagnosis",
        "4.png,pear",
      })
  void oneFile_isSplit(String first) throws IOException {
    boolean header = !first.startsWith("4");
    Path csv =
        Files.writeString(
            folder.resolve("pictures/anything.csv"),
            (header ? first + "\n4.png,pear\n" : first + "\n")
                + "1.png, apple\n2.png,apple\n3.png,pear\n");
    ImageData data = ImageData.open(csv);
    assertThat(data.train().classNames()).containsExactly("apple", "pear");
    assertThat(List.of(data.train().size(), data.test().size())).containsExactly(2, 2);
    for (ImageSet set : List.of(data.train(), data.test())) {
      for (int i = 0; i < set.size(); i++) {
        assertThat(set.label(i)).isEqualTo(red(set, i) <= 2 ? 0 : 1);
      }
    }
    assertThat(ImageData.isImageFolder(csv)).isTrue();
  }

  @Test
  void splitColumn_makesParts() throws IOException {
    write(
        "labels.csv",
        "label,path,split\nb,pictures/1.png,train\na,pictures/2.png,Valid\nb,pictures/3.png,test\na,pictures/4.png,train\n");
    ImageData data = ImageData.open(folder);
    assertThat(data.train().labels()).containsExactly(1, 0);
    assertThat(List.of(red(data.train(), 0), red(data.train(), 1))).containsExactly(1, 4);
    assertThat(red(data.validation().orElseThrow(), 0)).isEqualTo(2);
    assertThat(red(data.test(), 0)).isEqualTo(3);
    Path csv =
        write("labels.csv", "label,path,split\nb,pictures/1.png,train\na,pictures/2.png,dev\n");
    Rejected.with(
        csv
            + " must have train, validation or test as the split in line 3, got dev;"
            + " change it, or rename the column",
        () -> ImageData.open(folder));
    write("labels.csv", "label,path,split\nb,pictures/1.png,train\na,pictures/2.png,val\n");
    Rejected.with(
        csv + " has no row of the split test; add some, or remove the column",
        () -> ImageData.open(folder));
  }

  /** As Kaggle has it: names without extensions in a folder named after the file. */
  @Test
  void trainAndTest_withImagesInFolders() throws IOException {
    Files.move(folder.resolve("pictures"), folder.resolve("train_images"));
    ImageFiles.write(folder.resolve("test_images/5.jpg"), 1, 1, 0xffffff);
    write("train.csv", "id,breed\n1,pug\n2,boxer\n");
    write("val.csv", "id,breed\ntrain_images/3.png,boxer\n");
    write("test.csv", "id,breed\n5,husky\n");
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("boxer", "husky", "pug");
    assertThat(data.train().labels()).containsExactly(2, 0);
    assertThat(data.validation().orElseThrow().labels()).containsExactly(0);
    assertThat(data.test().labels()).containsExactly(1);
    assertThat(data.notes())
        .contains("no training images of 1 of 3 classes: husky; they cannot be learnt");
  }

  @Test
  void testWithoutLabels_isLeftOut() throws IOException {
    write(
        "train.csv",
        "image,label\npictures/1.png,10\npictures/2.png,9\npictures/3.png,9\npictures/4.png,10\n");
    write("test.csv", "image\npictures/4.png\n");
    ImageData data = ImageData.open(folder);
    // Numbers are in their own order.
    assertThat(data.train().classNames()).containsExactly("9", "10");
    assertThat(data.test().size()).isEqualTo(2);
    assertThat(data.notes().get(0))
        .isEqualTo("left out: 1 CSV file (no columns of paths and labels): test.csv");
    write("val.csv", "image,label\npictures/4.png,9\n");
    Rejected.with(
        folder.resolve("test.csv")
            + " is missing or has no labels; add it, or put all images into one labels.csv",
        () -> ImageData.open(folder));
  }

  @Test
  void labelledImages_areThoseOfTestOrAll() throws IOException {
    List<String> classes = List.of("a", "b", "c");
    Path csv = write("new.csv", "path,label\npictures/1.png,c\npictures/2.png,a\n");
    ImageSet all = ImageData.openLabelled(csv, classes, ReadOptions.create()).images();
    assertThat(all.classNames()).isEqualTo(classes);
    assertThat(all.labels()).containsExactly(2, 0);
    assertThat(red(all, 0)).isEqualTo(1);

    write("test.csv", "path,label,split\npictures/3.png,b,test\npictures/2.png,x,train\n");
    ImageSet test = ImageData.openLabelled(folder, classes, ReadOptions.create()).images();
    assertThat(test.labels()).containsExactly(1);
    assertThat(red(test, 0)).isEqualTo(3);
    Rejected.with(
        folder.resolve("train.csv") + " is missing; add it, or put all images into one labels.csv",
        () -> ImageData.open(folder));
    write("test.csv", "path,label,split\npictures/3.png,b,train\n");
    Rejected.with(
        folder.resolve("test.csv")
            + " has no row of the split test; add some, or remove the column",
        () -> ImageData.openLabelled(folder, classes, ReadOptions.create()));
  }

  @Test
  void namesWithoutExtension_getThatOfTheirFile_inAnyCase() throws IOException {
    Files.move(folder.resolve("pictures/1.png"), folder.resolve("pictures/1.PNG"));
    ImageFiles.write(folder.resolve("pictures/2.jpg"), 1, 1, 0xffffff);
    Files.delete(folder.resolve("pictures/2.png"));
    write("labels.csv", "id,label\npictures/1,a\npictures/2,b\npictures/3,a\npictures/4,b\n");
    ImageData data = ImageData.open(folder);
    assertThat(data.train().size() + data.test().size()).isEqualTo(4);
  }

  /** As macOS decomposes names that a CSV file of another system composes, and the other way. */
  @ParameterizedTest
  @CsvSource({"caf\u00e9,cafe\u0301", "cafe\u0301,caf\u00e9"})
  void composedAndDecomposedNames_areTheSame(String there, String named) throws IOException {
    for (int i = 1; i <= 4; i++) {
      ImageFiles.write(folder.resolve(there + "/" + there + i + ".png"), 1, 1, i << 16);
    }
    assumeTrue(Files.notExists(folder.resolve(named)), "the file system composes names");
    for (String extension : List.of(".png", "")) {
      StringBuilder rows = new StringBuilder("path,label\n");
      for (int i = 1; i <= 4; i++) {
        rows.append(named + "/" + named + i + extension + "," + (i < 3 ? "a" : "b") + "\n");
      }
      write("labels.csv", rows.toString());
      ImageData data = ImageData.open(folder);
      for (ImageSet set : List.of(data.train(), data.test())) {
        assertThat(set.labels()).containsExactly(0, 1);
        assertThat(red(set, 0)).isIn(1, 2);
        assertThat(red(set, 1)).isIn(3, 4);
      }
    }
  }

  @Test
  void namesInAnotherCase_areFound_ifOneFileIsMeant() throws IOException {
    Files.move(folder.resolve("pictures"), folder.resolve("Images"));
    assumeTrue(Files.notExists(folder.resolve("images")), "the file system ignores case");
    Files.move(folder.resolve("Images/1.png"), folder.resolve("Images/IMG_1.png"));
    Path csv = write("labels.csv", "path,label\nimg_1.PNG,a\n2.PNG,a\n3.png,b\n4.Png,b\n");
    ImageData data = ImageData.open(folder);
    assertThat(data.train().size() + data.test().size()).isEqualTo(4);

    ImageFiles.write(folder.resolve("Images/Img_1.png"), 1, 1, 0);
    Rejected.with(
        csv
            + " names 1 of 4 images that do not exist: "
            + folder.resolve("images/img_1.PNG")
            + "; copy them, or remove their lines",
        () -> ImageData.open(folder));
    write("labels.csv", "path,label\nImg_1.png,a\n2.png,a\n3.png,b\n4.png,b\n");
    assertThat(ImageData.open(folder).train().size()).isEqualTo(2);
  }

  /** A folder whose files have exactly these names comes before one where the case differs. */
  @Test
  void namesInTheSameCase_comeFirst() throws IOException {
    ImageFiles.numbered(folder.resolve("images"), 4);
    for (int i = 1; i <= 4; i++) {
      Files.move(folder.resolve("pictures/" + i + ".png"), folder.resolve(i + ".PNG"));
    }
    assumeTrue(Files.notExists(folder.resolve("1.png")), "the file system ignores case");
    write("labels.csv", "path,label\n1.png,a\n2.png,a\n3.png,b\n4.png,b\n");
    assertThat(Listing.of(folder).train())
        .allMatch(item -> item.file().startsWith(folder.resolve("images")));
  }

  @Test
  void firstImageMissing_othersAreFoundInTheirFolder() throws IOException {
    Files.move(folder.resolve("pictures"), folder.resolve("images"));
    Path csv = write("labels.csv", "id,label\n0,a\n1,a\n2,b\n3,a\n4,b\n");
    Rejected.with(
        csv
            + " names 1 of 5 images that do not exist: "
            + folder.resolve("images/0")
            + "; copy them, or remove their lines",
        () -> ImageData.open(folder));
  }

  /** So that a list of a million of them is refused at once. */
  @Test
  void nothingFound_isLookedForInOtherFolders_aHundredTimes() throws IOException {
    StringBuilder rows = new StringBuilder("id,label\n");
    for (int i = 0; i < 100; i++) {
      rows.append("gone").append(i).append(",a\n");
    }
    ImageFiles.write(folder.resolve("images/1.png"), 1, 1, 0);
    Path csv = write("labels.csv", rows + "1,b\n");
    Rejected.with(
        csv
            + " names 101 of 101 images that do not exist: "
            + folder.resolve("gone0")
            + ", "
            + folder.resolve("gone1")
            + ", "
            + folder.resolve("gone2")
            + ", ...; copy them, or rename the file if it is not a list of images",
        () -> ImageData.open(folder));
  }

  @Test
  void partWithoutRows_isRefused() throws IOException {
    write("train.csv", "path,label\npictures/1.png,a\npictures/2.png,b\n");
    Path test = write("test.csv", "path,label\n");
    Rejected.with(
        test + " has no row below the names of its columns; add images, or remove the file",
        () -> ImageData.open(folder));
  }

  @Test
  void foldersOfClasses_comeBeforeAListOfThem() throws IOException {
    for (String part : List.of("train/x/1.png", "train/y/1.png", "test/x/1.png", "test/y/1.png")) {
      ImageFiles.write(folder.resolve(part), 1, 1, 0);
    }
    write("labels.csv", "path,label\npictures/1.png,a\npictures/2.png,b\n");
    assertThat(ImageData.open(folder).train().classNames()).containsExactly("x", "y");
  }

  @Test
  void mistakes_areNamedWithTheirLine() throws IOException {
    Path csv = write("labels.csv", "path,label\npictures/1.png,a\npictures/2.png,\n");
    Rejected.with(
        csv + " has no label in line 3; add it or remove the line", () -> ImageData.open(folder));
    write("labels.csv", "path,label\npictures/1.png,a,,\npictures/2.png,b, c\n");
    Rejected.with(
        csv
            + " must have at most 2 values in line 3, as in its first line, got 3; put quotation"
            + " marks around a value with a comma, or name the further columns in the first line",
        () -> ImageData.open(folder));
    write("labels.csv", "path,label\npictures/1.png,a,,\nno.png,b\nnever.png,b\n");
    Rejected.with(
        csv
            + " names 2 of 3 images that do not exist: "
            + folder.resolve("no.png")
            + ", "
            + folder.resolve("never.png")
            + "; copy them, or remove their lines",
        () -> ImageData.open(folder));
    write("labels.csv", "path,label\npictures/1.png,a\n");
    Rejected.with(
        csv + " must have labels of at least 2 classes, got [a]", () -> ImageData.open(folder));
    write("labels.csv", "path,label\npictures/1.png,a\n\0,b\n");
    Rejected.with(
        csv + " names a file that cannot exist here: Nul character not allowed: ?",
        () -> ImageData.open(folder));
    Path other = write("other.csv", "x,y,z\n1,2,3\n");
    Rejected.with(
        other
            + " must have a column of paths, one of [path, file, filename, file_name, filepath,"
            + " file_path, image, image_path, image_name, image_id, id], and one of labels, one of"
            + " [label, labels, class, class_name, category, target], got [x, y, z]; name the columns"
            + " in the first line, with commas between them",
        () -> ImageData.open(other));
  }

  /** In a folder with a single other folder, that of the images, which could be a class. */
  @Test
  void semicolons_areNotTakenForAFolderOfClasses() throws IOException {
    Path csv = write("labels.csv", "path;label\npictures/1.png;a\npictures/2.png;b\n");
    assertThatThrownBy(() -> ImageData.open(folder))
        .isInstanceOf(LaminaException.class)
        .hasMessageStartingWith(csv + " must have a column of paths")
        .hasMessageEndingWith(
            "got [path;label]; name the columns in the first line, with commas between them");
  }

  @Test
  void severalColumns_aPathComesBeforeAnId() throws IOException {
    write(
        "labels.csv",
        "id,category,path,label\n7,x,pictures/1.png,a\n8,x,pictures/2.png,b\n7,y,pictures/3.png,a\n8,y,pictures/4.png,b\n");
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("a", "b");
    Path csv = write("labels.csv", "path,label,Label\npictures/1.png,a,b\n");
    Rejected.with(
        csv + " has two columns with the name label; remove or rename one",
        () -> ImageData.open(folder));
  }

  @Test
  void backslashes_separateFoldersAsOnWindows() throws IOException {
    write(
        "labels.csv",
        "path,label\npictures\\1.png,a\npictures\\2.png,b\npictures\\3.png,a\npictures\\4.png,b\n");
    ImageData data = ImageData.open(folder);
    for (ImageSet set : List.of(data.train(), data.test())) {
      for (int i = 0; i < set.size(); i++) {
        assertThat(set.label(i)).isEqualTo((red(set, i) + 1) % 2);
      }
    }
  }
}
