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

  private final Path root;
  private final List<String> classes;
  private final Map<Part, List<Item>> parts = new EnumMap<>(Part.class);

  private CsvListing(Path root, List<String> classes) {
    this.root = root;
    this.classes = classes;
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
    Skipped.Collector skipped = new Skipped.Collector(path);
    List<Source> sources = sources(path, skipped);
    Source first = sources.get(0);
    if (first.part() != Part.TRAIN) {
      throw new LaminaException(
          path.resolve("train.csv") + " is missing; add it, or put all images into one labels.csv");
    }
    List<Entry> all = sources.stream().flatMap(source -> source.entries().stream()).toList();
    CsvListing listing =
        new CsvListing(root(path), classes(sources.size() == 1 ? first.csv() : path, all));
    if (isDivided(sources)) {
      List<Item> items = listing.items(first.csv(), first.entries());
      return Listing.split(listing.root, listing.classes, items, skipped.list());
    }
    for (Source source : sources) {
      List<Item> items = listing.items(source.csv(), source.entries());
      for (int i = 0; i < items.size(); i++) {
        listing.part(source.part(source.entries().get(i))).add(items.get(i));
      }
    }
    listing.checkParts(first, sources.get(sources.size() - 1));
    return listing.whole(skipped.list());
  }

  private void checkParts(Source first, Source last) {
    if (part(Part.TRAIN).isEmpty()) {
      throw noRow(first.csv(), Part.TRAIN);
    }
    if (part(Part.TEST).isEmpty()) {
      throw last.part() == Part.VALIDATION
          ? new LaminaException(
              root.resolve("test.csv")
                  + " is missing or has no labels; add it, or put all images into one labels.csv")
          : noRow(last.csv(), Part.TEST);
    }
  }

  /**
   * Lists the images of the test part of a CSV file, or of those in a folder; all if there is no
   * such part. See {@link Listing#labelled}.
   */
  static Listing labelled(Path path, List<String> classNames) {
    Skipped.Collector skipped = new Skipped.Collector(path);
    List<Source> sources = sources(path, skipped);
    boolean tested = sources.stream().anyMatch(source -> !source.rows(Part.TEST).isEmpty());
    CsvListing listing = new CsvListing(root(path), classNames);
    List<Item> items = new ArrayList<>();
    for (Source source : sources) {
      if (!tested && source.isSplit()) {
        throw noRow(source.csv(), Part.TEST);
      }
      List<Entry> rows = tested ? source.rows(Part.TEST) : source.entries();
      Listing.checkClasses(source.csv(), CsvLabels.classes(rows), classNames);
      items.addAll(listing.items(source.csv(), rows));
    }
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
        csv
            + " has no row of the split "
            + part.names().get(0)
            + "; add some, or remove the column");
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
    Function<String, Path> locate = CsvImages.locator(csv, entries);
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
}
