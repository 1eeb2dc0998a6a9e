package dev.lamina.data;

import dev.lamina.data.Listing.Item;
import dev.lamina.io.LaminaException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Images in folders named after their classes: {@code train|test/CLASS/}, with or without {@code
 * validation} beside them, under any name of a {@link Part}; or {@code CLASS/} alone, of which a
 * fixed tenth of each class becomes the test set. Folders inside a class count to it; classes are
 * sorted by name. Folders of runs, as of a training that was started there, are not classes.
 */
final class ImageFolder {
  private final Path root;
  private final Skipped.Collector skipped;

  private ImageFolder(Path root) {
    this.root = root;
    skipped = new Skipped.Collector(root);
  }

  /**
   * Whether a folder has the parts train or test. If these hold images themselves, and other
   * folders beside them do, they are classes.
   */
  static boolean hasParts(Path folder) {
    List<Path> folders = FolderWalk.folders(folder);
    List<Path> parts =
        Stream.of(Part.TRAIN, Part.TEST).flatMap(part -> part.in(folders).stream()).toList();
    return !parts.isEmpty()
        && !(parts.stream().allMatch(ImageFolder::isClassAlone)
            && folders.stream().anyMatch(other -> !isPart(other) && FolderWalk.hasImage(other)));
  }

  /** Whether a folder has images of a part in folders of classes. */
  static boolean hasClasses(Path folder, Part part) {
    Optional<Path> found = part.in(FolderWalk.folders(folder));
    return found.isPresent() && hasParts(folder) && hasClasses(found.get());
  }

  /** Whether a folder has folders with images. */
  static boolean hasClasses(Path folder) {
    return FolderWalk.folders(folder).stream().anyMatch(FolderWalk::hasImage);
  }

  private static boolean isClassAlone(Path folder) {
    return FolderWalk.entries(folder).stream()
            .anyMatch(entry -> Files.isRegularFile(entry) && FileKinds.isImage(entry))
        && !hasClasses(folder);
  }

  private static boolean isPart(Path folder) {
    return Stream.of(Part.values()).anyMatch(part -> part.names(folder));
  }

  static Listing list(Path folder) {
    ImageFolder images = new ImageFolder(folder);
    return hasParts(folder) ? images.parts() : images.classesAlone();
  }

  /**
   * Lists the images of the part test, or of {@code CLASS/} alone; see {@link Listing#labelled}.
   */
  static Listing labelled(Path folder, List<String> classNames) {
    ImageFolder images = new ImageFolder(folder);
    Path part = hasParts(folder) ? images.part(Part.TEST, FolderWalk.folders(folder)) : folder;
    Set<String> found = classes(part).keySet();
    if (found.isEmpty()) {
      throw new LaminaException(part + " must have images in folders of their classes, got none");
    }
    Listing.checkClasses(part, found, classNames);
    List<Item> items = images.items(part, classNames);
    return new Listing(folder, classNames, List.of(), List.of(), items, images.skipped.list());
  }

  private Listing parts() {
    List<Path> folders = FolderWalk.folders(root);
    Path train = part(Part.TRAIN, folders);
    Path test = part(Part.TEST, folders);
    Optional<Path> validation = Part.VALIDATION.in(folders);
    for (Path entry : FolderWalk.entries(root)) {
      if (Files.isDirectory(entry)) {
        if (!entry.equals(train) && !entry.equals(test) && !Optional.of(entry).equals(validation)) {
          skipped.add(entry, new Skipped.Reason("folder", "not train, test or validation"));
        }
      } else {
        leaveOut(entry);
      }
    }
    List<String> names = names(train);
    validation.ifPresent(part -> checkClasses(names, part));
    checkClasses(names, test);
    return new Listing(
        root,
        names,
        items(train, names),
        validation.map(part -> items(part, names)).orElse(List.of()),
        items(test, names),
        skipped.list());
  }

  private Path part(Part part, List<Path> folders) {
    return part.in(folders)
        .orElseThrow(
            () ->
                new LaminaException(
                    root.resolve(part.names().get(0))
                        + " is missing; put the images into train/CLASS/ and test/CLASS/, or all into CLASS/"));
  }

  private Listing classesAlone() {
    if (classes(root).size() < 2) {
      CsvListing.explain(root);
    }
    List<String> names = names(root);
    return Listing.split(root, names, items(root, names), skipped.list());
  }

  /**
   * The folders of each class. Names that differ in how their accents are composed, as systems do,
   * are one class.
   */
  private static SortedMap<String, List<Path>> classes(Path part) {
    return FolderWalk.folders(part).stream()
        .filter(folder -> !FolderWalk.holdsRuns(folder))
        .collect(
            Collectors.groupingBy(
                ClassName::of, () -> new TreeMap<>(FolderWalk.CODE_POINTS), Collectors.toList()));
  }

  private static List<String> names(Path part) {
    List<String> names = List.copyOf(classes(part).keySet());
    if (names.size() < 2) {
      throw new LaminaException(
          part
              + " must have a folder for each of at least 2 classes, got "
              + names
              + inside(part)
                  .map("; if the classes are in %s, give that folder"::formatted)
                  .orElse(""));
    }
    return names;
  }

  /** Finds a data set in a folder that holds nothing else, as archives often do. */
  private static Optional<Path> inside(Path folder) {
    List<Path> folders = FolderWalk.folders(folder);
    while (folders.size() == 1) {
      Path only = folders.get(0);
      folders = FolderWalk.folders(only);
      if (hasParts(only) || CsvListing.isIn(only) || folders.size() > 1) {
        return Optional.of(only);
      }
    }
    return Optional.empty();
  }

  private void checkClasses(List<String> train, Path part) {
    List<String> others = List.copyOf(classes(part).keySet());
    if (!train.equals(others)) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "%s must have the same classes in train and %s, only in train: %s, only in %s: %s; add or remove folders",
              root,
              part.getFileName(),
              without(train, others),
              part.getFileName(),
              without(others, train)));
    }
  }

  private static List<String> without(List<String> names, List<String> others) {
    return names.stream().filter(name -> !others.contains(name)).toList();
  }

  /** Leaves out what is in no folder of a class. */
  private void leaveOut(Path entry) {
    if (FileKinds.isImage(entry) && Files.isRegularFile(entry)) {
      skipped.add(entry, new Skipped.Reason("unlabelled image", "in no folder of a class"));
    } else {
      FolderWalk.skip(entry, skipped);
    }
  }

  /** Lists the images of a part by class. */
  private List<Item> items(Path part, List<String> names) {
    SortedMap<String, List<Path>> classes = classes(part);
    for (Path entry : FolderWalk.entries(part)) {
      if (!classes.getOrDefault(ClassName.of(entry), List.of()).contains(entry)) {
        if (Files.isDirectory(entry) && FolderWalk.holdsRuns(entry)) {
          skipped.add(entry, FolderWalk.RUN);
        } else {
          leaveOut(entry);
        }
      }
    }
    List<Item> items = new ArrayList<>();
    classes.forEach(
        (name, folders) -> {
          int label = names.indexOf(name);
          int before = items.size();
          for (Path folder : folders) {
            for (Path file : images(folder)) {
              items.add(new Item(file, label));
            }
          }
          if (items.size() == before) {
            throw empty(folders.get(0));
          }
        });
    return items;
  }

  private List<Path> images(Path folder) {
    return FolderWalk.images(folder, skipped);
  }

  private static LaminaException empty(Path folder) {
    Skipped.Collector inside = new Skipped.Collector(folder);
    FolderWalk.images(folder, inside);
    String others =
        inside.list().stream().map(skipped -> ", only " + skipped).collect(Collectors.joining());
    return new LaminaException(
        folder
            + " has no PNG or JPEG images, nor others that are read"
            + others
            + "; add some or remove the folder");
  }
}
