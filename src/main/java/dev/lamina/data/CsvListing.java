package dev.lamina.data;

import dev.lamina.data.CsvLabels.Entry;
import dev.lamina.data.Listing.Item;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.io.IOException;
import java.nio.file.Files;
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
 * Images that CSV files name with their labels: {@code train.csv}, {@code labels.csv} or {@code
 * metadata.csv}, and {@code test.csv} and {@code validation.csv} beside it, under any name of a
 * {@link Part}. A column {@code split} comes before the name of the file; a single file without one
 * is split as a folder of classes is.
 */
final class CsvListing {
  /**
   * A file.
   *
   * @param part that of the rows without a split
   */
  private record Source(Part part, Path csv, List<Entry> entries) {
    static Source of(Part part, Path csv) {
      return new Source(part, csv, CsvLabels.read(csv));
    }

    boolean isSplit() {
      return !entries.get(0).split().isEmpty();
    }

    List<Entry> rows(Part part) {
      return entries.stream().filter(entry -> part(entry) == part).toList();
    }

    Part part(Entry entry) {
      return isSplit() ? CsvListing.part(csv, entry) : part;
    }
  }

  /** Where an image was first named. */
  private record Row(Source source, Entry entry) {
    String label() {
      return entry.label();
    }

    Part part() {
      return source.part(entry);
    }

    @Override
    public String toString() {
      return "line " + entry.line() + " of " + source.csv().getFileName();
    }
  }

  private static final Skipped.Reason REPEATED =
      new Skipped.Reason("repeated row", "same image and label as an earlier one");

  private final Path root;
  private final List<String> classes;
  private final Skipped.Collector skipped;
  private final Map<Part, List<Item>> parts = new EnumMap<>(Part.class);
  private final Map<Path, Row> rows = new HashMap<>();
  private final Map<Path, Path> realFolders = new HashMap<>();

  private CsvListing(Path root, List<String> classes, Skipped.Collector skipped) {
    this.root = root;
    this.classes = classes;
    this.skipped = skipped;
  }

  /** Whether a folder has a CSV file of images under one of the known names. */
  static boolean isIn(Path folder) {
    return Stream.of(Part.TRAIN, Part.TEST)
        .flatMap(part -> files(folder, part))
        .anyMatch(CsvImages::areIn);
  }

  /** The names that the file of a part may have; that of the training part may have all images. */
  private static Stream<Path> files(Path folder, Part part) {
    List<String> names = part == Part.TRAIN ? List.of("train", "labels", "metadata") : part.names();
    return names.stream().map(name -> folder.resolve(name + ".csv"));
  }

  /**
   * Says what is wrong with the CSV file of a folder that has no other labels.
   *
   * @throws LaminaException if there is one without columns of paths and labels
   */
  static void explain(Path folder) {
    files(folder, Part.TRAIN).filter(CsvLabels::isCsv).findFirst().ifPresent(CsvLabels::read);
  }

  /** Lists the images of a CSV file, or of those in a folder. */
  static Listing list(Path path) {
    Skipped.Collector skipped = new Skipped.Collector(root(path));
    List<Source> sources = sources(path, skipped);
    Source first = sources.get(0);
    if (first.part() != Part.TRAIN) {
      throw new LaminaException(
          path.resolve("train.csv") + " is missing; add it, or put all images into one labels.csv");
    }
    List<Entry> all = sources.stream().flatMap(source -> source.entries().stream()).toList();
    CsvListing listing =
        new CsvListing(root(path), classes(sources.size() == 1 ? first.csv() : path, all), skipped);
    if (!isDivided(sources)) {
      listing.checkParts(sources);
    }
    for (Source source : sources) {
      listing.add(source, source.entries());
    }
    return isDivided(sources)
        ? Listing.split(listing.root, listing.classes, listing.part(Part.TRAIN), skipped.list())
        : listing.whole();
  }

  private void checkParts(List<Source> sources) {
    if (!hasRows(sources, Part.TRAIN)) {
      throw noRow(sources.get(0).csv(), Part.TRAIN);
    }
    if (!hasRows(sources, Part.TEST)) {
      Source last = sources.get(sources.size() - 1);
      throw last.part() == Part.VALIDATION
          ? new LaminaException(
              root.resolve("test.csv")
                  + " is missing or has no labels; add it, or put all images into one labels.csv")
          : noRow(last.csv(), Part.TEST);
    }
  }

  private static boolean hasRows(List<Source> sources, Part part) {
    return sources.stream().anyMatch(source -> !source.rows(part).isEmpty());
  }

  /**
   * Lists the images of the test part of a CSV file, or of those in a folder; all if there is no
   * such part. See {@link Listing#labelled}.
   */
  static Listing labelled(Path path, List<String> classNames) {
    Skipped.Collector skipped = new Skipped.Collector(root(path));
    List<Source> sources = sources(path, skipped);
    boolean tested = hasRows(sources, Part.TEST);
    CsvListing listing = new CsvListing(root(path), classNames, skipped);
    for (Source source : sources) {
      if (!tested && source.isSplit()) {
        throw noRow(source.csv(), Part.TEST);
      }
      List<Entry> rows = tested ? source.rows(Part.TEST) : source.entries();
      Listing.checkClasses(source.csv(), CsvLabels.classes(rows), classNames);
      listing.add(source, rows);
    }
    List<Item> items = listing.parts.values().stream().flatMap(List::stream).toList();
    return new Listing(listing.root, classNames, List.of(), List.of(), items, skipped.list());
  }

  /** Whether a tenth of all images is the test part. */
  static boolean isDivided(Path path) {
    return isDivided(sources(path, new Skipped.Collector(path)));
  }

  private static boolean isDivided(List<Source> sources) {
    return sources.size() == 1 && !sources.get(0).isSplit();
  }

  /** Whether a CSV file is the only one that is read of those in a folder. */
  static boolean isAlone(Path folder, Path csv) throws IOException {
    List<Source> sources = sources(folder, new Skipped.Collector(folder));
    return sources.size() == 1 && Files.isSameFile(sources.get(0).csv(), csv);
  }

  private static Path root(Path path) {
    return Files.isDirectory(path) ? path : path.resolveSibling("");
  }

  /** Reads a CSV file, or those in a folder: that of the training part before those beside it. */
  private static List<Source> sources(Path path, Skipped.Collector skipped) {
    if (!Files.isDirectory(path)) {
      return List.of(Source.of(Part.TRAIN, path));
    }
    List<Source> sources = new ArrayList<>();
    for (Part part : Part.values()) {
      add(path, part, sources, skipped);
    }
    return sources;
  }

  /** Adds the file of a part, unless a file before has rows of it. */
  private static void add(Path folder, Part part, List<Source> sources, Skipped.Collector skipped) {
    Optional<Source> used =
        sources.stream().filter(source -> !source.rows(part).isEmpty()).findFirst();
    for (Path file : files(folder, part).filter(CsvLabels::isCsv).toList()) {
      if (used.isPresent()) {
        String reason = used.get().csv().getFileName() + " is used instead";
        skipped.add(file, new Skipped.Reason("CSV file", reason));
      } else if (CsvImages.areIn(file)) {
        used = Optional.of(Source.of(part, file));
        sources.add(used.get());
      } else {
        String reason =
            CsvLabels.isIn(file) ? "names classes, not images" : "no columns of paths and labels";
        skipped.add(file, new Skipped.Reason("CSV file", reason));
      }
    }
  }

  private static LaminaException noRow(Path csv, Part part) {
    return new LaminaException(
        csv + " has no row of the split " + name(part) + "; add some, or remove the column");
  }

  private static List<String> classes(Path source, List<Entry> entries) {
    List<String> classes = CsvLabels.classes(entries);
    if (classes.size() < 2) {
      throw new LaminaException(source + " must have labels of at least 2 classes, got " + classes);
    }
    return classes;
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
                        "%s must have train, validation or test as the split in line %d, got %s; change it, or rename the column",
                        csv,
                        entry.line(),
                        Messages.singleLine(entry.split()))));
  }

  private Listing whole() {
    return new Listing(
        root, classes, part(Part.TRAIN), part(Part.VALIDATION), part(Part.TEST), skipped.list());
  }

  /** Adds the images of rows of a CSV file to their parts, each image once. */
  private void add(Source source, List<Entry> entries) {
    Path csv = source.csv();
    Map<String, Integer> labels = new HashMap<>();
    for (String name : classes) {
      labels.put(name, labels.size());
    }
    Function<String, Path> locate = CsvImages.locator(csv, entries);
    List<Path> missing = new ArrayList<>();
    for (Entry entry : entries) {
      Path file = locate.apply(entry.path());
      if (!Files.isRegularFile(file)) {
        missing.add(file);
      } else if (isNew(file, new Row(source, entry))) {
        part(source.part(entry)).add(new Item(file, labels.getOrDefault(entry.label(), -1)));
      } else {
        skipped.add(file, REPEATED);
      }
    }
    if (!missing.isEmpty()) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s names %d of %d images that do not exist: %s; copy them, or %s",
              csv,
              missing.size(),
              entries.size(),
              Skipped.names(missing),
              missing.size() < entries.size()
                  ? "remove their lines"
                  : "rename the file if it is not a list of images"));
    }
  }

  /** Whether no row before names an image; one with another label or part is refused. */
  private boolean isNew(Path file, Row row) {
    Row first = rows.putIfAbsent(unique(file), row);
    if (first == null) {
      return true;
    }
    if (!first.label().equals(row.label())) {
      throw new LaminaException(
          "%s must have one label, got %s in %s and %s in %s; remove the wrong line"
              .formatted(
                  file,
                  Messages.singleLine(first.label()),
                  first,
                  Messages.singleLine(row.label()),
                  row));
    }
    if (first.part() != row.part()) {
      throw new LaminaException(
          "%s must be in one part, got %s in %s and %s in %s; remove one of the lines"
              .formatted(file, name(first.part()), first, name(row.part()), row));
    }
    return false;
  }

  private static String name(Part part) {
    return part.names().get(0);
  }

  /**
   * Returns one path for all paths of a file. Links to one file stay different images: caches such
   * as those of DVC store equal images of several names so.
   */
  private Path unique(Path file) {
    return realFolders
        .computeIfAbsent(file.resolveSibling(""), FolderWalk::real)
        .resolve(file.getFileName());
  }
}
