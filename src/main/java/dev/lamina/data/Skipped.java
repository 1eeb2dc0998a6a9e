package dev.lamina.data;

import dev.lamina.io.Messages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Files of one kind that were left out of a data set.
 *
 * @param kind what they are, in the singular: {@code HEIC image}, {@code .txt file}, {@code broken
 *     link}
 * @param reason why they were left out, and what to do if they should not be
 * @param files the files, relative to the folder of the data set if they are in it, in the order
 *     they were found
 */
public record Skipped(String kind, String reason, List<Path> files) {
  /** The number of files that are named in texts. */
  private static final int NAMED = 3;

  /** Takes a copy of the list. */
  public Skipped {
    files = List.copyOf(files);
  }

  /** Returns the number of files, their kind, the reason and the first names in one line. */
  @Override
  public String toString() {
    return "%s %s%s (%s): %s"
        .formatted(files.size(), kind, files.size() == 1 ? "" : "s", reason, names(files));
  }

  /** Returns the first of several names, separated by commas. */
  static String names(List<?> files) {
    List<String> first =
        new ArrayList<>(files.stream().limit(NAMED).map(Messages::singleLine).toList());
    if (files.size() > NAMED) {
      first.add("...");
    }
    return String.join(", ", first);
  }

  /** Why files of a kind are left out. */
  record Reason(String kind, String text) {}

  /** Collects what is left out while the files of a data set are listed. */
  static final class Collector {
    private final Path root;
    private final Map<Reason, List<Path>> files = new LinkedHashMap<>();

    Collector(Path root) {
      this.root = root;
    }

    void add(Path file, Reason reason) {
      files
          .computeIfAbsent(reason, any -> new ArrayList<>())
          .add(file.startsWith(root) ? root.relativize(file) : file);
    }

    List<Skipped> list() {
      return files.entrySet().stream()
          .map(entry -> new Skipped(entry.getKey().kind(), entry.getKey().text(), entry.getValue()))
          .toList();
    }
  }
}
