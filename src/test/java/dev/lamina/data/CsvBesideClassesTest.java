package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
        "code,name\n1,apple\n2,pear\n",
        "code;name\n1;apple\n2;pear\n",
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
            + "; copy them, or remove their lines",
        () -> ImageData.open(folder));
  }

  private void rejects(String csv, String columns) {
    Rejected.with(
        folder.resolve(csv)
            + " must have a column of paths, one of [path, file, filename, file_name, filepath,"
            + " file_path, image, image_path, image_name, image_id, id], and one of labels, one of"
            + " [label, labels, class, class_name, category, target], got ["
            + columns
            + "]; name the columns in the first line, with commas between them, or rename the file"
            + " if the folders beside it are the classes",
        () -> ImageData.open(folder));
  }

  /** As in Kaggle's APTOS 2019: a model would learn to tell the parts apart. */
  @Test
  void foldersOfParts_areNotClasses_ifTheirListHasOtherColumns() throws IOException {
    write("train_images", "test_images");
    csv("train.csv", "id_code,diagnosis\n1,0\n2,4\n");
    csv("test.csv", "id_code\n1\n");
    rejects("train.csv", "id_code, diagnosis");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "path;label\nimages/1.png;a\n",
        "name\tgroup\n1.png\ta\n",
        "lesion_id,image_id,dx\nL1,1,nv\n"
      })
  void imagesAndMasks_areNotClasses(String text) throws IOException {
    write("images", "masks");
    csv("labels.csv", text);
    rejects(
        "labels.csv", text.substring(0, text.indexOf('\n')).replace(",", ", ").replace('\t', '?'));
  }

  /** Tables beside the classes that are not about their images, or are called otherwise. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "labels.csv:camera,owner\nX100,Ann\n",
        "photographers.csv:filename,photographer\napple/1.png,Ann\n"
      })
  void otherTables_areLeftOut(String file) throws IOException {
    write("apple", "pear");
    String name = file.substring(0, file.indexOf(':'));
    csv(name, file.substring(name.length() + 1));
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("apple", "pear");
    assertThat(data.notes().get(0)).isEqualTo("left out: 1 .csv file (not an image): " + name);
  }

  private static final String PHOTOGRAPHERS =
      "filename,photographer\napple/1.png,Ann\napple/2.png,Ben\npear/1.png,Ben\npear/2.png,Ann\n";

  @ParameterizedTest
  @ValueSource(
      strings = {
        PHOTOGRAPHERS,
        "filename,photographer,year\napple/1.png,Ann,2020\npear\\1.png,Ben,2021\n"
      })
  void metadataOfImagesInTheirClasses_areLeftOut(String text) throws IOException {
    write("apple", "pear");
    csv("metadata.csv", text);
    ImageData data = ImageData.open(folder);
    assertThat(data.train().classNames()).containsExactly("apple", "pear");
    assertThat(data.train().size() + data.test().size()).isEqualTo(6);
    assertThat(data.notes().get(0))
        .isEqualTo(
            "left out: 1 CSV file (no column named as labels; its folders are the classes): metadata.csv");
    assertThat(ImageData.isSame(folder, folder.resolve("metadata.csv"))).isFalse();
    ImageSet all =
        ImageData.openLabelled(folder, List.of("apple", "pear"), ReadOptions.create()).images();
    assertThat(all.size()).isEqualTo(6);
  }

  /**
   * The name of the file says that it has labels: they may be those of images in several folders.
   */
  @Test
  void labelsOfImagesInSeveralFolders_needAColumnThatIsNamedSo() throws IOException {
    write("apple", "pear");
    csv("labels.csv", PHOTOGRAPHERS);
    rejects("labels.csv", "filename, photographer");
  }

  @Test
  void secondColumn_hasTheLabels_ifTheyAreTheFolders() throws IOException {
    write("apple", "pear");
    csv(
        "metadata.csv",
        "filename,fruit\napple/1.png,apple\napple/2.png,apple\npear/1.png,pear\npear/2.png,pear\n");
    ImageData data = ImageData.open(folder);
    assertThat(data.train().size() + data.test().size()).isEqualTo(4);
    assertThat(data.report().skipped()).isEmpty();
  }

  @Test
  void foldersOfParts_areNotClasses() throws IOException {
    write("train_images", "Test-images");
    csv(
        "metadata.csv",
        """
        filename,fruit
        train_images/1.png,apple
        train_images/2.png,pear
        Test-images/1.png,apple
        Test-images/2.png,pear
        """);
    assertThat(ImageData.open(folder).train().classNames()).containsExactly("apple", "pear");
  }

  /** Images in parts, or all in one folder: the folders are not classes. */
  @ParameterizedTest
  @CsvSource({"train,test", "photos,photos"})
  void secondColumn_hasTheLabels_ifTheFoldersAreNotClasses(String one, String other)
      throws IOException {
    write("test");
    ImageFiles.numbered(folder.resolve(one), 4);
    csv(
        "metadata.csv",
        "filename,breed\n%1$s/1.png,pug\n%1$s/2.png,boxer\n%2$s/3.png,pug\n%1$s/4.png,boxer\n"
            .formatted(one, other));
    assertThat(Listing.of(folder).classNames()).containsExactly("boxer", "pug");
  }
}
