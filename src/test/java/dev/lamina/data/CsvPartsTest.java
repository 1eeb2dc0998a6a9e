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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several CSV files in a folder. */
class CsvPartsTest {
  private static final List<String> CLASSES = List.of("a", "b");

  @TempDir private Path folder;

  @BeforeEach
  void images() throws IOException {
    ImageFiles.numbered(folder.resolve("images"), 6);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private static List<Integer> reds(ImageSet set) {
    return IntStream.range(0, set.size()).mapToObj(i -> (int) set.image(i)[0]).toList();
  }

  private List<String> leftOut() {
    return ImageData.open(folder).report().skipped().stream().map(Skipped::toString).toList();
  }

  /** Both when the folder is trained on, and when another model is evaluated on it. */
  private void assertTest(Integer... numbers) {
    assertThat(reds(ImageData.open(folder).test())).containsExactly(numbers);
    TestImages labelled = ImageData.openLabelled(folder, CLASSES, ReadOptions.create());
    assertThat(reds(labelled.images())).containsExactly(numbers);
    assertThat(labelled.report().skipped()).isEqualTo(ImageData.open(folder).report().skipped());
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.csv", "labels.csv", "metadata.csv"})
  void filesOfPartsBeside_areParts(String main) throws IOException {
    write(main, "id,label\n1,a\n2,b\n3,a\n");
    write("valid.csv", "id,label\n4,b\n");
    write("test.csv", "id,label\n5,a\n6,b\n");
    ImageData data = ImageData.open(folder);
    assertThat(reds(data.train())).containsExactly(1, 2, 3);
    assertThat(reds(data.validation().orElseThrow())).containsExactly(4);
    assertTest(5, 6);
    assertThat(leftOut()).isEmpty();
  }

  /** Splits or another file say which images are tested; otherwise a tenth of all is. */
  @Test
  void fileAlone_isDivided() throws IOException {
    write("train.csv", "id,label\n1,a\n2,b\n3,a\n");
    assertThat(ImageData.isDivided(folder)).isTrue();
    assertThat(ImageData.isDivided(folder.resolve("train.csv"))).isTrue();
    write("test.csv", "id,label\n5,a\n6,b\n");
    assertThat(ImageData.isDivided(folder)).isFalse();
    write("train.csv", "id,label,split\n1,a,train\n2,b,train\n3,a,test\n");
    assertThat(ImageData.isDivided(folder.resolve("train.csv"))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.csv", "labels.csv"})
  void splitColumn_comesBeforeFilesBeside(String main) throws IOException {
    write(main, "id,label,split\n1,a,train\n2,b,train\n3,a,test\n");
    write("val.csv", "id,label\n4,b\n");
    write("test.csv", "id,label\n5,a\n6,b\n");
    ImageData data = ImageData.open(folder);
    assertThat(reds(data.train())).containsExactly(1, 2);
    assertThat(reds(data.validation().orElseThrow())).containsExactly(4);
    assertTest(3);
    assertThat(leftOut()).containsExactly("1 CSV file (" + main + " is used instead): test.csv");
  }

  /** As a table is written that was divided by its column. */
  @Test
  void splitColumn_ofEachPartAlone() throws IOException {
    write("train.csv", "id,label,split\n1,a,train\n2,b,train\n3,a,val\n");
    write("test.csv", "id,label,split\n5,a,test\n6,b,test\n");
    ImageData data = ImageData.open(folder);
    assertThat(reds(data.train())).containsExactly(1, 2);
    assertThat(reds(data.validation().orElseThrow())).containsExactly(3);
    assertTest(5, 6);
    write("test.csv", "id,label,split\n5,a,train\n6,b,train\n");
    Rejected.with(
        folder.resolve("test.csv")
            + " has no row of the split test; add some, or remove the column",
        () -> ImageData.open(folder));
  }

  @Test
  void folder_isItsOnlyFile() throws IOException {
    Path csv = folder.resolve("labels.csv");
    write("labels.csv", "id,label\n1,a\n2,b\n3,a\n4,b\n");
    assertSame(true, csv);
    write("metadata.csv", "id,label\n1,a\n2,b\n");
    assertSame(true, csv);
    assertSame(false, folder.resolve("metadata.csv"));
    assertSame(false, folder.resolve("nothing.csv"));
    write("test.csv", "id,label\n5,a\n6,b\n");
    assertSame(false, csv);
    assertSame(false, folder.resolve("test.csv"));
    assertSame(true, folder.resolve("images/.."));
  }

  private void assertSame(boolean same, Path other) {
    assertThat(ImageData.isSame(folder, other)).isEqualTo(same);
    assertThat(ImageData.isSame(other, folder)).isEqualTo(same);
  }

  @Test
  void filesThatAreNotUsed_areNamed() throws IOException {
    write("train.csv", "width,height\n1,2\n");
    write("labels.csv", "id,label\n1,a\n2,b\n3,a\n4,b\n");
    write("metadata.csv", "id,label\n1,a\n2,b\n");
    write("test.csv", "id\n5\n");
    assertThat(leftOut())
        .containsExactly(
            "2 CSV files (no columns of paths and labels): train.csv, test.csv",
            "1 CSV file (labels.csv is used instead): metadata.csv");
  }
}
