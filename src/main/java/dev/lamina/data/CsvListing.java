package dev.lamina.data;

import com.google.common.base.Ascii;
import dev.lamina.data.CsvLabels.Entry;
import dev.lamina.data.Listing.Item;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Images that CSV files name with their labels: {@code train.csv} and {@code test.csv}, with or
 * without {@code validation.csv}, under any name of a {@link Part}; or one file, which is split by
 * its column {@code split}, or without one as a folder of classes is.
 */
final class CsvListing {
  /**
   * The rows at the start whose images are looked for in several folders, so that a long list of
   * images that are not there is refused quickly.
   */
  private static final int MAX_LOCATED = 100;

  /** A file, which is a part by itself. */
  private record Source(Part part, Path csv, List<Entry> entries) {}

  private final Path root;
  private final List<String> classes;
  private final Map<Part, List<Item>> parts = new EnumMap<>(Part.class);

  private CsvListing(Path root, List<String> classes) {
    this.root = root;
    this.classes = classes;
  }

  /** Whether a folder has a CSV file of paths and labels under one of the known names. */
  static boolean isIn(Path folder) {
    return main(folder).or(() -> test(folder)).isPresent();
  }

  private static Optional<Path> main(Path folder) {
    return candidates(folder).filter(CsvLabels::isIn).findFirst();
  }

  private static Optional<Path> test(Path folder) {
    return files(folder, Part.TEST).filter(CsvLabels::isIn).findFirst();
  }

  private static Stream<Path> files(Path folder, Part part) {
    return part.names().stream().map(name -> folder.resolve(name + ".csv"));
  }

  private static Stream<Path> candidates(Path folder) {
    return Stream.of("train.csv", "labels.csv", "metadata.csv").map(folder::resolve);
  }

  /**
   * Says what is wrong with the CSV file of a folder that has no other labels.
   *
   * @throws LaminaException if there is one without columns of paths and labels
   */
  static void explain(Path folder) {
    candidates(folder).filter(CsvLabels::isCsv).findFirst().ifPresent(CsvLabels::read);
  }

  /** Lists the images of a CSV file, or of those in a folder. */
  static Listing list(Path path) {
    if (!Files.isDirectory(path)) {
      Path folder = path.getParent();
      return one(folder == null ? Path.of("") : folder, path, List.of());
    }
    Path main =
        main(path)
            .orElseThrow(
                () ->
                    new LaminaException(
                        path.resolve("train.csv")
                            + " is missing; add it, or put all images into one labels.csv"));
    List<Source> sources = new ArrayList<>();
    Skipped.Collector skipped = new Skipped.Collector(path);
    if (main.endsWith("train.csv")) {
      sources.add(new Source(Part.TRAIN, main, CsvLabels.read(main)));
      addBeside(path, Part.VALIDATION, sources, skipped);
      addBeside(path, Part.TEST, sources, skipped);
    }
    boolean tested = sources.stream().anyMatch(source -> source.part() == Part.TEST);
    if (!tested && sources.size() > 1) {
      throw new LaminaException(
          path.resolve("test.csv")
              + " is missing or has no labels; add it, or put all images into one labels.csv");
    }
    return tested ? several(path, sources, skipped.list()) : one(path, main, skipped.list());
  }

  /**
   * Lists the images of a CSV file, or of that of the test part in a folder; see {@link
   * Listing#labelled}.
   */
  static Listing labelled(Path path, List<String> classNames) {
    Skipped.Collector skipped = new Skipped.Collector(path);
    Path csv = path;
    Path root = path.getParent() == null ? Path.of("") : path.getParent();
    if (Files.isDirectory(path)) {
      root = path;
      List<Source> tests = new ArrayList<>();
      addBeside(path, Part.TEST, tests, skipped);
      csv = tests.isEmpty() ? main(path).orElseThrow() : tests.get(0).csv();
    }
    List<Entry> entries = CsvLabels.read(csv);
    if (!entries.get(0).split().isEmpty()) {
      Path source = csv;
      entries = entries.stream().filter(entry -> part(source, entry) == Part.TEST).toList();
      if (entries.isEmpty()) {
        throw noRow(csv, Part.TEST);
      }
    }
    Listing.checkClasses(csv, CsvLabels.classes(entries), classNames);
    List<Item> items = new CsvListing(root, classNames).items(csv, entries);
    return new Listing(root, classNames, List.of(), List.of(), items, skipped.list());
  }

  private static LaminaException noRow(Path csv, Part part) {
    return new LaminaException(
        csv
            + " has no row of the split "
            + part.names().get(0)
            + "; add some, or remove the column to have a tenth of each class split off");
  }

  private static void addBeside(
      Path root, Part part, List<Source> sources, Skipped.Collector skipped) {
    for (Path file : files(root, part).toList()) {
      if (CsvLabels.isIn(file)) {
        sources.add(new Source(part, file, CsvLabels.read(file)));
        return;
      } else if (CsvLabels.isCsv(file)) {
        skipped.add(file, new Skipped.Reason("CSV file", "no columns of paths and labels"));
      }
    }
  }

  private static Listing several(Path root, List<Source> sources, List<Skipped> skipped) {
    List<Entry> all = sources.stream().flatMap(source -> source.entries().stream()).toList();
    CsvListing listing = new CsvListing(root, classes(root, all));
    for (Source source : sources) {
      listing.part(source.part()).addAll(listing.items(source.csv(), source.entries()));
    }
    return listing.whole(skipped);
  }

  private static List<String> classes(Path source, List<Entry> entries) {
    List<String> classes = CsvLabels.classes(entries);
    if (classes.size() < 2) {
      throw new LaminaException(source + " must have labels of at least 2 classes, got " + classes);
    }
    return classes;
  }

  private static Listing one(Path root, Path csv, List<Skipped> skipped) {
    List<Entry> entries = CsvLabels.read(csv);
    CsvListing listing = new CsvListing(root, classes(csv, entries));
    List<Item> items = listing.items(csv, entries);
    if (entries.get(0).split().isEmpty()) {
      return Listing.split(root, listing.classes, items, skipped);
    }
    for (int i = 0; i < items.size(); i++) {
      listing.part(part(csv, entries.get(i))).add(items.get(i));
    }
    for (Part part : List.of(Part.TRAIN, Part.TEST)) {
      if (listing.part(part).isEmpty()) {
        throw noRow(csv, part);
      }
    }
    return listing.whole(skipped);
  }

  private List<Item> part(Part part) {
    return parts.computeIfAbsent(part, any -> new ArrayList<>());
  }

  private static Part part(Path csv, Entry entry) {
    return Stream.of(Part.values())
        .filter(part -> part.names().contains(entry.split()))
        .findFirst()
        .orElseThrow(
            () ->
                new LaminaException(
                    String.format(
                        Locale.ROOT,
                        "%s must have train, validation or test as the split in line %d, got %s",
                        csv,
                        entry.line(),
                        Messages.singleLine(entry.split()))));
  }

  private Listing whole(List<Skipped> skipped) {
    return new Listing(
        root, classes, part(Part.TRAIN), part(Part.VALIDATION), part(Part.TEST), skipped);
  }

  /** Finds the files of the rows of a CSV file. */
  private List<Item> items(Path csv, List<Entry> entries) {
    Map<String, Integer> labels = new HashMap<>();
    for (String name : classes) {
      labels.put(name, labels.size());
    }
    Function<String, Path> locate = locator(csv, entries);
    List<Item> items = new ArrayList<>();
    List<Path> missing = new ArrayList<>();
    for (Entry entry : entries) {
      Path file = locate.apply(entry.path());
      if (!Files.isRegularFile(file)) {
        missing.add(file);
      }
      items.add(new Item(file, labels.getOrDefault(entry.label(), -1)));
    }
    if (!missing.isEmpty()) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s names %d of %d images that do not exist: %s; copy them, or remove their lines",
              csv,
              missing.size(),
              items.size(),
              Skipped.names(missing)));
    }
    return items;
  }

  /**
   * Finds the first image that is there, and takes the others from the same place: beside the CSV
   * file or in a folder named after it, and with backslashes as Windows separates folders if there
   * is no file of that name. A name without an extension gets that of the file that there is.
   */
  private Function<String, Path> locator(Path csv, List<Entry> entries) {
    String stem = FileKinds.stem(csv);
    for (Entry entry : entries.subList(0, Math.min(MAX_LOCATED, entries.size()))) {
      String path = entry.path();
      for (String separator : path.contains("\\") ? List.of("\\", "/") : List.of("\\")) {
        for (String folder : List.of("", stem, stem + "_images", "images", "train")) {
          Function<String, Path> locate = name -> file(csv, folder, name.replace("\\", separator));
          if (Files.isRegularFile(locate.apply(path))) {
            return locate;
          }
        }
      }
    }
    return name -> resolve(csv, "", name);
  }

  private Path file(Path csv, String folder, String name) {
    Path file = resolve(csv, folder, name);
    return FileKinds.isImage(name)
        ? file
        : FileKinds.imageExtensions().stream()
            .flatMap(extension -> Stream.of(extension, Ascii.toUpperCase(extension)))
            .map(extension -> resolve(csv, folder, name + "." + extension))
            .filter(Files::isRegularFile)
            .findFirst()
            .orElse(file);
  }

  private Path resolve(Path csv, String folder, String name) {
    try {
      return root.resolve(folder).resolve(name);
    } catch (InvalidPathException e) {
      throw new LaminaException(
          csv + " names a file that cannot exist here: " + Messages.reason(e), e);
    }
  }
}
