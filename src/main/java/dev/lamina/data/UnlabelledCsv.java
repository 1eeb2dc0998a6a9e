package dev.lamina.data;

import dev.lamina.data.CsvLabels.Entry;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A CSV file that has no column with a name of labels, beside folders of images: a list of them
 * whose columns have other names, metadata of images in the folders of their classes, or something
 * else.
 */
final class UnlabelledCsv {
  /** Names of folders of a part, such as train_images, which are not classes. */
  private static final Pattern OF_A_PART =
      Pattern.compile(
          "(.*[^a-z])?(train(ing)?|test|val(id(ation)?)?)([^a-z].*)?", Pattern.CASE_INSENSITIVE);

  private static final Pattern OTHER_SEPARATORS = Pattern.compile("[;\t]");

  private final List<Path> folders;
  private final Set<String> folderNames;
  private final Set<String> values;
  private final Set<String> paths;
  private final Set<String> labels;

  private UnlabelledCsv(Path csv) {
    folders =
        FolderWalk.folders(csv.resolveSibling("")).stream().filter(FolderWalk::hasImage).toList();
    folderNames = folders.stream().map(ClassName::of).collect(Collectors.toSet());
    values =
        Csv.read(csv, Integer.MAX_VALUE).stream()
            .flatMap(row -> row.values().stream())
            .flatMap(OTHER_SEPARATORS::splitAsStream)
            .map(UnlabelledCsv::composed)
            .collect(Collectors.toSet());
    List<Entry> rows = CsvLabels.head(csv, Integer.MAX_VALUE);
    paths = rows.stream().map(row -> path(row.path())).collect(Collectors.toSet());
    labels = rows.stream().map(Entry::label).collect(Collectors.toSet());
  }

  static UnlabelledCsv of(Path csv) {
    return new UnlabelledCsv(csv);
  }

  private static String path(String value) {
    String path = OTHER_SEPARATORS.split(value, 2)[0].replace('\\', '/');
    return composed(path.startsWith("./") ? path.substring(2) : path);
  }

  private static String composed(String name) {
    return Normalizer.normalize(name, Normalizer.Form.NFC);
  }

  /** Whether its paths lead into several of the folders, and its labels are not their names. */
  boolean isOfFolders() {
    return paths.stream()
                .filter(path -> path.contains("/"))
                .map(path -> path.substring(0, path.indexOf('/')))
                .filter(folderNames::contains)
                .filter(name -> !OF_A_PART.matcher(name).matches())
                .distinct()
                .limit(2)
                .count()
            == 2
        && !folderNames.containsAll(labels);
  }

  /** Whether it names images of the folders, and does not describe the folders as classes. */
  boolean listsImages() {
    return folderNames.stream().filter(values::contains).limit(2).count() < 2 && namesImages();
  }

  /** Whether it names an image of the folders, with or without its extension. */
  private boolean namesImages() {
    Set<String> names =
        paths.stream()
            .map(path -> path.substring(path.lastIndexOf('/') + 1))
            .collect(Collectors.toSet());
    return folders.stream()
        .flatMap(folder -> FolderWalk.images(folder, new Skipped.Collector(folder)).stream())
        .flatMap(image -> Stream.of(FileKinds.name(image), FileKinds.stem(image)))
        .anyMatch(name -> names.contains(composed(name)));
  }
}
