package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders as people have them: nested, linked, with other files in them. */
class FolderTreesTest {
  @TempDir private Path folder;
  @TempDir private Path elsewhere;

  /** Writes an image of one pixel, whose red value tells it from others. */
  private void write(String name, int red) throws IOException {
    ImageFiles.write(folder.resolve(name), 1, 1, red << 16);
  }

  private void writeParts() throws IOException {
    write("train/a/1.png", 1);
    write("train/b/1.png", 2);
    write("test/a/1.png", 3);
    write("test/b/1.png", 4);
  }

  private static List<Integer> reds(ImageSet set) {
    return IntStream.range(0, set.size()).mapToObj(i -> set.image(i)[0] & 0xff).toList();
  }

  private List<String> leftOut() {
    return ImageData.open(folder).report().skipped().stream().map(Skipped::toString).toList();
  }

  @Test
  void foldersInside_countToTheirClass() throws IOException {
    writeParts();
    write("train/a/phone/0.png", 5);
    write("train/a/phone/2021/9.png", 6);
    write("train/b/z/1.png", 7);
    ImageSet train = ImageData.open(folder).train();
    assertThat(train.classNames()).containsExactly("a", "b");
    assertThat(reds(train)).containsExactly(1, 5, 6, 2, 7);
    assertThat(train.labels()).containsExactly(0, 0, 0, 1, 1);
    assertThat(leftOut()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"Train,Val,Test", "TRAIN,VALID,TEST", "training,Validation,testing"})
  void parts_haveTheirNamesInAnyCase(String train, String validation, String test)
      throws IOException {
    int red = 0;
    for (String part : List.of(train, validation, test)) {
      write(part + "/a/1.png", ++red);
      write(part + "/b/1.png", ++red);
    }
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("a", "b");
    assertThat(reds(data.train())).containsExactly(1, 2);
    assertThat(reds(data.validation().orElseThrow())).containsExactly(3, 4);
    assertThat(reds(data.test())).containsExactly(5, 6);
  }

  @ParameterizedTest
  @CsvSource({"photos, photos, train/a, test/b", "x, x/y/photos, a, b"})
  void dataSetInAFolder_isPointedAt(String only, String inside, String first, String second)
      throws IOException {
    write(inside + "/" + first + "/1.png", 1);
    write(inside + "/" + second + "/1.png", 1);
    Rejected.with(
        "%s must have a folder for each of at least 2 classes, got [%s]; if the classes are in %s, give that folder"
            .formatted(folder, only, folder.resolve(inside)),
        () -> ImageData.open(folder));
  }

  @Test
  void oneFolderThatLinksToItself_isRefused() throws IOException {
    write("a/1.png", 1);
    Files.createSymbolicLink(folder.resolve("a/again"), folder.resolve("a"));
    Rejected.with(
        folder + " must have a folder for each of at least 2 classes, got [a]",
        () -> ImageData.open(folder));
  }

  @Test
  void linksAreFollowed_circlesAndBrokenOnesAreNamed() throws IOException {
    writeParts();
    ImageFiles.write(elsewhere.resolve("photos/1.png"), 1, 1, 9 << 16);
    Path train = folder.resolve("train");
    Files.createSymbolicLink(train.resolve("b/2.png"), elsewhere.resolve("photos/1.png"));
    Files.createSymbolicLink(train.resolve("a/more"), elsewhere.resolve("photos"));
    Files.createSymbolicLink(train.resolve("a/up"), train.resolve("a"));
    Files.createSymbolicLink(train.resolve("a/gone.png"), elsewhere.resolve("gone.png"));
    Files.createSymbolicLink(train.resolve("c"), elsewhere.resolve("c"));
    Files.createSymbolicLink(folder.resolve("self"), Path.of("self"));
    assertThat(reds(ImageData.open(folder).train())).containsExactly(1, 9, 2, 9);
    assertThat(leftOut())
        .containsExactly(
            "3 broken links (leads to nothing): self, train/c, train/a/gone.png",
            "1 link (leads to a folder that it is in): train/a/up");
  }

  /** Directly, by way of a folder elsewhere, and from classes and data sets that are links. */
  @Test
  void linksUpwards_bringNoOtherClasses() throws IOException {
    writeParts();
    Path train = folder.resolve("train");
    Files.move(train.resolve("b"), elsewhere.resolve("b"));
    Files.createSymbolicLink(train.resolve("b"), elsewhere.resolve("b"));
    Files.createDirectory(elsewhere.resolve("more"));
    Files.createSymbolicLink(elsewhere.resolve("more/back"), folder);
    Files.createSymbolicLink(train.resolve("a/parts"), Path.of("../.."));
    Files.createSymbolicLink(train.resolve("a/more"), elsewhere.resolve("more"));
    Files.createSymbolicLink(train.resolve("b/up"), Path.of(".."));
    Files.createSymbolicLink(train.resolve("b/part"), train);
    Files.createSymbolicLink(train.resolve("all"), Path.of("."));
    Path linked = Files.createSymbolicLink(elsewhere.resolve("linked"), folder);
    Path dotted = elsewhere.resolve("more/..").resolve(elsewhere.relativize(folder));
    for (Path root : List.of(folder, linked, dotted)) {
      ImageData data = ImageData.open(root);
      assertThat(reds(data.train())).containsExactly(1, 2);
      assertThat(data.train().labels()).containsExactly(0, 1);
      assertThat(data.report().skipped())
          .extracting(Skipped::toString)
          .containsExactly(
              "5 links (leads to a folder that it is in): train/all, train/a/more/back,"
                  + " train/a/parts, ...");
    }
  }

  /** Of another class and another part. */
  @Test
  void linksToFoldersBeside_areFollowed() throws IOException {
    writeParts();
    Files.createSymbolicLink(folder.resolve("train/a/b"), Path.of("../b"));
    Files.createSymbolicLink(folder.resolve("train/b/test"), Path.of("../../test/b"));
    ImageSet train = ImageData.open(folder).train();
    assertThat(reds(train)).containsExactly(1, 2, 4, 2, 4);
    assertThat(train.labels()).containsExactly(0, 0, 0, 1, 1);
    assertThat(leftOut()).isEmpty();
  }

  @Test
  void linkToTheFolderOfTheClasses_isNoClass() throws IOException {
    for (int i = 0; i < 2; i++) {
      write("apple/" + i + ".png", i);
      write("pear/" + i + ".png", i);
    }
    Files.createSymbolicLink(folder.resolve("all"), Path.of("."));
    assertThat(ImageData.open(folder).train().classNames()).containsExactly("apple", "pear");
    assertThat(leftOut()).containsExactly("1 link (leads to a folder that it is in): all");
  }

  @Test
  void whatIsLeftOut_isCountedByKindWithTheReason() throws IOException {
    writeParts();
    for (String name :
        List.of(
            "train/a/1.heic",
            "train/a/2.HEIC",
            "test/b/3.heif",
            "test/b/4.heic",
            "train/b/1.avif",
            "train/b/notes.txt",
            "train/LICENSE",
            "readme.TXT")) {
      Files.createFile(folder.resolve(name));
    }
    write("test/loose.png", 5);
    write("beside.png", 7);
    write("unlabelled/1.png", 6);
    assertThat(leftOut())
        .containsExactlyInAnyOrder(
            "4 HEIC images (not read: convert to JPEG or PNG): train/a/1.heic, train/a/2.HEIC,"
                + " test/b/3.heif, ...",
            "1 AVIF image (not read: convert to JPEG or PNG): train/b/1.avif",
            "2 .txt files (not an image): readme.TXT, train/b/notes.txt",
            "1 extensionless file (not an image): train/LICENSE",
            "2 unlabelled images (in no folder of a class): beside.png, test/loose.png",
            "1 folder (not train, test or validation): unlabelled");
    assertThat(ImageData.open(folder).notes().get(0))
        .startsWith("left out: ")
        .contains("; 1 AVIF image (");
  }

  @Test
  void whatSystemsLeave_isIgnored() throws IOException {
    writeParts();
    for (String parent : List.of("", "train", "train/a")) {
      for (String name : List.of(".DS_Store", "Thumbs.db", "desktop.ini", "._0.png")) {
        Files.createFile(folder.resolve(parent).resolve(name));
      }
      write(parent + "/__MACOSX/a/1.png", 8);
      write(parent + "/.ipynb_checkpoints/1.png", 8);
    }
    assertThat(leftOut()).isEmpty();
    assertThat(reds(ImageData.open(folder).train())).containsExactly(1, 2);
  }

  /** Bins and the folders of file systems, whose pictures were deleted or nobody may read. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
        "#recycle",
        "@Recycle",
        "@eaDir"
      })
  void foldersOfFileSystems_areIgnored(String name) throws IOException {
    write("a/1.png", 1);
    write("a/2.png", 2);
    write("b/1.png", 3);
    write("b/2.png", 4);
    write(name + "/deleted.png", 5);
    write("a/" + name + "/deleted.png", 5);
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("a", "b");
    assertThat(data.train().size() + data.test().size()).isEqualTo(4);
    assertThat(leftOut()).isEmpty();
  }

  @Test
  void folderOfAFileSystem_thatMayNotBeRead_isIgnored() throws IOException {
    writeParts();
    Path lost = Files.createDirectory(folder.resolve("train/a/lost+found"));
    assumeTrue(lost.toFile().setReadable(false) && !Files.isReadable(lost), "root reads all");
    assertThat(ImageData.open(folder).train().size()).isEqualTo(2);
  }

  @Test
  void specialFile_isNotOpened() throws Exception {
    writeParts();
    Path pipe = folder.resolve("train/a/pipe.png");
    assumeTrue(
        Files.exists(Path.of("/usr/bin/mkfifo"))
            && new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0);
    assertThat(leftOut())
        .containsExactly("1 special file (not a file with content): train/a/pipe.png");
  }

  /** As macOS and Linux write it. */
  @Test
  void composedAndDecomposedNames_areOneClass() throws IOException {
    write("train/cafe\u0301/1.png", 1);
    write("train/caf\u00e9/2.png", 2);
    write("train/bar/1.png", 3);
    write("test/caf\u00e9/1.png", 4);
    write("test/bar/1.png", 5);
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("bar", "caf\u00e9");
    assertThat(data.train().labels()).containsExactly(0, 1, 1);
    assertThat(reds(data.train()).subList(1, 3)).containsExactlyInAnyOrder(1, 2);
  }

  /** Latin-1, which is no UTF-8; as the bytes of UTF-8 are in a locale of ASCII. */
  @Test
  void namesInAnotherCharset_areDifferentClasses() throws Exception {
    String make =
        "for part in train test; do for name in $'\\xc4pfel' $'\\xd6l 1' 'b%20'; do"
            + " mkdir -p \"$part/$name\"; touch \"$part/$name/1.png\"; done; done";
    assumeTrue(
        Files.exists(Path.of("/bin/bash"))
            && new ProcessBuilder("/bin/bash", "-c", make)
                    .directory(folder.toFile())
                    .start()
                    .waitFor()
                == 0);
    Listing listing = Listing.of(folder);
    assertThat(listing.classNames()).containsExactly("b%20", "\u00c4pfel", "\u00d6l 1");
    assertThat(listing.train()).extracting(Listing.Item::label).containsExactly(0, 1, 2);
    assertThat(listing.test()).allMatch(item -> Files.exists(item.file()));
  }

  /** As Python sorts: by code point, not by UTF-16 unit, number or case. */
  @Test
  void classes_areInTheOrderOfTheirCodePoints() throws IOException {
    List<String> sorted = List.of("10", "2", "B", "a", "\u00e4", "\uff5e", "\ud83d\ude00");
    for (String name : sorted) {
      write("train/" + name + "/1.png", 1);
      write("test/" + name + "/1.png", 1);
    }
    assertThat(ImageData.open(folder).train().classNames()).isEqualTo(sorted);
  }

  @ParameterizedTest
  @CsvSource({"train", "test", "val"})
  void classesAlone_oneOfThemNamedAsAPart(String name) throws IOException {
    for (int i = 0; i < 4; i++) {
      write("bus/" + i + ".png", i);
      write(name + "/" + i + ".png", 10 + i);
    }
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactlyInAnyOrder("bus", name);
    assertThat(List.of(data.train().size(), data.test().size())).containsExactly(6, 2);
    assertThat(data.validation()).isEmpty();
  }

  @Test
  void foldersBesideParts_areNotClasses() throws IOException {
    writeParts();
    write("cat/1.png", 1);
    write("train/loose.png", 1);
    assertThat(ImageData.open(folder).train().classNames()).containsExactly("a", "b");
  }

  /** As a training leaves it that was started in the folder of the classes. */
  @Test
  void foldersOfRuns_areNotClasses() throws IOException {
    for (String name : List.of("apple/1", "apple/2", "pear/1", "pear/2", "config.json/1")) {
      write(name + ".png", 1);
    }
    write("config.json/2.png", 1);
    // The last is in a class.
    for (String run : List.of("mine", "runs/2026-01-02-030405", "sweeps/a/001", "pear/run")) {
      write(run + "/history.png", 1);
      Files.createFile(folder.resolve(run + "/initial.safetensors"));
    }
    assertThat(ImageData.open(folder).train().classNames())
        .containsExactly("apple", "config.json", "pear");
    assertThat(leftOut())
        .containsExactly("4 folders (holds a run, not images of a class): mine, runs, sweeps, ...");
  }

  @Test
  void trainAndValidationWithoutTest_isRefused() throws IOException {
    writeParts();
    Files.move(folder.resolve("test"), folder.resolve("val"));
    Rejected.with(
        folder.resolve("test")
            + " is missing; put the images into train/CLASS/ and test/CLASS/, or all into CLASS/",
        () -> ImageData.open(folder));
  }

  @Test
  void classWithoutTrainingImages_isNamed() throws IOException {
    writeParts();
    ImageData data = ImageData.open(folder);
    ImageSet some = data.train().subset(new int[] {1});
    assertThat(new ImageData(some, data.test()).notes())
        .containsExactly("no training images of 1 of 2 classes: a; they cannot be learnt");
    assertThat(data.notes()).noneMatch(note -> note.contains("no training images"));
  }
}
