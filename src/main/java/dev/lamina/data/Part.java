package dev.lamina.data;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A part of a data set, with the names of its folder or file. */
enum Part {
  TRAIN("train", "training"),
  VALIDATION("validation", "val", "valid"),
  TEST("test", "testing");

  private final ImmutableList<String> names;

  Part(String... names) {
    this.names = ImmutableList.copyOf(names);
  }

  /** The names, in lower case; the first is the one in messages. */
  List<String> names() {
    return names;
  }

  /** Returns the folder of this part: the one with its first name that there is, in any case. */
  Optional<Path> in(List<Path> folders) {
    return names.stream()
        .flatMap(name -> folders.stream().filter(folder -> name.equalsIgnoreCase(name(folder))))
        .findFirst();
  }

  /** Whether a folder has one of the names, in any case. */
  boolean names(Path folder) {
    return names.stream().anyMatch(name(folder)::equalsIgnoreCase);
  }

  private static String name(Path folder) {
    return FileKinds.name(folder);
  }
}
