package dev.lamina.data;

import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds files in a folder. Links are followed; what operating systems leave behind is ignored.
 * Order is that of the names' Unicode code points, on every system.
 */
final class FolderWalk {
  /** The order of Python's {@code sorted}; that of Java differs for surrogates. */
  static final Comparator<String> CODE_POINTS =
      (a, b) -> {
        int common = Math.min(a.length(), b.length());
        for (int i = 0; i < common; i++) {
          char left = a.charAt(i);
          char right = b.charAt(i);
          if (left != right) {
            return Character.isSurrogate(left) == Character.isSurrogate(right)
                ? Character.compare(left, right)
                : Boolean.compare(Character.isSurrogate(left), Character.isSurrogate(right));
          }
        }
        return Integer.compare(a.length(), b.length());
      };

  private static final Comparator<Path> BY_NAME =
      Comparator.comparing((Path path) -> path.toString().replace('\\', '/'), CODE_POINTS)
          .thenComparing(Comparator.naturalOrder());

  private static final Skipped.Reason LOOP =
      new Skipped.Reason("link", "leads to a folder that it is in");

  static final Skipped.Reason RUN =
      new Skipped.Reason("folder", "holds a run, not images of a class");

  private static final Set<FileVisitOption> FOLLOW = Set.of(FileVisitOption.FOLLOW_LINKS);

  private FolderWalk() {}

  /** Returns the entries of a folder, in order. */
  static List<Path> entries(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(entry -> !FileKinds.isOfSystem(entry)).sorted(BY_NAME).toList();
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  /** Returns the folders in a folder, in order, without links to folders that it is in. */
  static List<Path> folders(Path folder) {
    Set<Path> above = above(folder);
    return entries(folder).stream()
        .filter(entry -> Files.isDirectory(entry) && !above.contains(real(entry)))
        .toList();
  }

  /**
   * Returns the real paths of a folder and of all folders that it is in: those in its path, and
   * those that the targets of links in its path are in.
   */
  private static Set<Path> above(Path folder) {
    Set<Path> above = new HashSet<>();
    Path path = folder.toAbsolutePath();
    while (path != null) {
      for (Path real = real(path); real != null; real = real.getParent()) {
        above.add(real);
      }
      // The name before ".." is not that of a folder above.
      path = path.endsWith("..") ? null : path.getParent();
    }
    return above;
  }

  /** Returns the path of a folder without links. */
  static Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  /** Whether a folder or a folder inside it holds an image that is not of a run. */
  static boolean hasImage(Path folder) {
    return Search.of(folder).image;
  }

  /** Whether a folder is that of a run, or holds such folders and no images outside of them. */
  static boolean holdsRuns(Path folder) {
    Search found = Search.of(folder);
    return found.run && !found.image;
  }

  /** Whether training has started in a folder: it keeps the weights that it began with. */
  private static boolean isRun(Path folder) {
    return Files.exists(folder.resolve("initial.safetensors"));
  }

  private static boolean isImage(Path file) {
    return !FileKinds.isOfSystem(file) && FileKinds.isImage(file);
  }

  /** Returns the images in a folder and all folders inside it that are not runs, in order. */
  static List<Path> images(Path folder, Skipped.Collector skipped) {
    List<Path> images = new ArrayList<>();
    walk(
        folder,
        new Visitor(folder) {
          @Override
          void visitRun(Path run) {
            skipped.add(run, RUN);
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile() && isImage(file)) {
              images.add(file);
            } else {
              skip(file, attributes, skipped);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            if (e instanceof FileSystemLoopException) {
              skipped.add(file, LOOP);
            } else if (!FileKinds.isOfSystem(file)) {
              throw unreadable(file, e);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    images.sort(BY_NAME);
    return images;
  }

  /** Records a file that is not an image, or a link to a folder that it is in. */
  static void skip(Path file, Skipped.Collector skipped) {
    try {
      skip(file, Files.readAttributes(file, BasicFileAttributes.class), skipped);
    } catch (IOException e) {
      skipped.add(file, new Skipped.Reason("broken link", "leads to nothing"));
    }
  }

  private static void skip(Path file, BasicFileAttributes attributes, Skipped.Collector skipped) {
    if (FileKinds.isOfSystem(file)) {
      return;
    }
    if (attributes.isSymbolicLink()) {
      skipped.add(file, new Skipped.Reason("broken link", "leads to nothing"));
    } else if (attributes.isDirectory()) {
      skipped.add(file, LOOP);
    } else if (!attributes.isRegularFile()) {
      skipped.add(file, new Skipped.Reason("special file", "not a file with content"));
    } else {
      skipped.add(file, FileKinds.reason(file));
    }
  }

  /**
   * Does not enter folders of the system, nor of runs, nor those that the start is in: the walk
   * itself notices only links to the start and to folders inside it.
   */
  private abstract static class Visitor extends SimpleFileVisitor<Path> {
    private final Path start;
    private final Set<Path> above;

    Visitor(Path start) {
      this.start = start;
      above = above(start);
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
        throws IOException {
      if (FileKinds.isOfSystem(folder)) {
        return FileVisitResult.SKIP_SUBTREE;
      }
      if (!folder.equals(start) && above.contains(folder.toRealPath())) {
        visitFileFailed(folder, new FileSystemLoopException(folder.toString()));
        return FileVisitResult.SKIP_SUBTREE;
      }
      if (isRun(folder)) {
        visitRun(folder);
        return FileVisitResult.SKIP_SUBTREE;
      }
      return FileVisitResult.CONTINUE;
    }

    void visitRun(Path run) {}
  }

  /** Looks for runs, and for images outside of them; ends at the first image. */
  private static final class Search extends Visitor {
    private boolean run;
    private boolean image;

    private Search(Path start) {
      super(start);
    }

    static Search of(Path folder) {
      Search search = new Search(folder);
      walk(folder, search);
      return search;
    }

    @Override
    void visitRun(Path found) {
      run = true;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      image = attributes.isRegularFile() && isImage(file);
      return image ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      return FileVisitResult.CONTINUE;
    }
  }

  private static void walk(Path folder, Visitor visitor) {
    try {
      Files.walkFileTree(folder, FOLLOW, Integer.MAX_VALUE, visitor);
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  private static LaminaException unreadable(Path path, IOException e) {
    return new LaminaException(
        Messages.printable(path)
            + " cannot be read ("
            + Messages.printable(e)
            + "); check its permissions",
        e);
  }
}
