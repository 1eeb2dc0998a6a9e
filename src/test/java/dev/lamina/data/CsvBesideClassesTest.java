package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A CSV file beside folders of images: it lists images, or describes the classes. */
class CsvBesideClassesTest {
  @TempDir private Path folder;

  private void write(String... folders) throws IOException {
    for (String name : folders) {
      ImageFiles.numbered(folder.resolve(name), 3);
    }
  }

  private Path csv(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "class,description\napple,red\npear,\n",
        "id,label\n0,apple\n1,pear\n",
        "folder,class_name\napple,Malus\npear,Pyrus\n",
        "id,label,file,set\n0,apple\n1,pear\n"
      })
  void descriptionOfTheClasses_isLeftOut(String text) throws IOException {
    write("apple", "pear");
    csv("labels.csv", text);
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("apple", "pear");
    assertThat(data.train().size() + data.test().size()).isEqualTo(6);
    assertThat(data.notes().get(0)).isEqualTo("left out: 1 .csv file (not an image): labels.csv");
    List<String> classes = List.of("apple", "fig", "pear");
    ImageSet all = ImageData.openLabelled(folder, classes, ReadOptions.create()).images();
    assertThat(all.labels()).containsExactly(0, 0, 0, 2, 2, 2);
  }

  @Test
  void listOfImages_isUsed_besideADescription() throws IOException {
    write("apple", "pear");
    csv("labels.csv", "class,description\napple,red\npear,green\n");
    csv(
        "metadata.csv",
        "path,label,split\napple/0.png,pear,train\napple/1.png,pear,train\npear/1.png,apple,test\n");
    Rejected.with(
        folder.resolve("metadata.csv")
            + " names 1 of 3 images that do not exist: "
            + folder.resolve("apple/0.png")
            + "; copy them, or remove their lines",
        () -> ImageData.open(folder));
    csv("metadata.csv", "path,label,split\napple/1.png,pear,train\npear/1.png,apple,test\n");
    ImageData data = ImageData.open(folder);
    assertThat(List.of(data.train().size(), data.test().size())).containsExactly(1, 1);
    assertThat(data.notes().get(0))
        .isEqualTo("left out: 1 CSV file (names classes, not images): labels.csv");
  }

  /** The folders would be taken for two classes. */
  @Test
  void listWithWrongPaths_isRefused() throws IOException {
    write("train_images", "test_images");
    Path csv = csv("train.csv", "path,label\nx/1.png,pug\nx/2.png,boxer\n");
    Rejected.with(
        csv
            + " names 2 of 2 images that do not exist: "
            + folder.resolve("x/1.png")
            + ", "
            + folder.resolve("x/2.png")
            + "; copy them, or rename the file if it is not a list of images",
        () -> ImageData.open(folder));
  }
}
