package dev.lamina.data;

import com.google.common.hash.HashCode;
import com.google.common.hash.Hashing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Images of a data set whose pixels, as they are trained on, are equal. */
final class Duplicates {
  /** An image of a part. */
  private record Image(String part, int index, int label) {
    boolean isIn(String other) {
      return part.equals(other);
    }
  }

  /** Gives an image its name. */
  interface Names {
    String of(String part, int index);
  }

  private final Map<HashCode, List<Image>> groups = new LinkedHashMap<>();

  private final Names names;

  private Duplicates(Names names) {
    this.names = names;
  }

  static List<Finding> find(ImageData data, Names names) {
    Duplicates duplicates = new Duplicates(names);
    duplicates.add("train", data.train());
    data.validation().ifPresent(set -> duplicates.add("validation", set));
    duplicates.add("test", data.test());
    duplicates.groups.values().removeIf(group -> group.size() == 1);
    List<Finding> findings = new ArrayList<>();
    duplicates.shared("validation", "train").ifPresent(findings::add);
    duplicates.shared("test", "train").ifPresent(findings::add);
    duplicates.shared("test", "validation").ifPresent(findings::add);
    duplicates.differentLabels().ifPresent(findings::add);
    return findings;
  }

  private void add(String part, ImageSet set) {
    for (int i = 0; i < set.size(); i++) {
      groups
          .computeIfAbsent(
              Hashing.murmur3_128().hashBytes(set.pixels(i, i + 1)), any -> new ArrayList<>(1))
          .add(new Image(part, i, set.label(i)));
    }
  }

  /** Finds images of one part that are in another too. */
  private Optional<Finding> shared(String part, String other) {
    List<String> pairs = new ArrayList<>();
    for (List<Image> group : groups.values()) {
      group.stream()
          .filter(image -> image.isIn(other))
          .findFirst()
          .ifPresent(
              same ->
                  group.stream()
                      .filter(image -> image.isIn(part))
                      .forEach(image -> pairs.add(pair(image, same))));
    }
    return finding(
        pairs,
        part + " image",
        "also in " + other,
        "keep each in one part, else the accuracy on " + part + " is too high");
  }

  private Optional<Finding> differentLabels() {
    List<String> pairs = new ArrayList<>();
    for (List<Image> group : groups.values()) {
      Image first = group.get(0);
      group.stream()
          .filter(image -> image.label() != first.label())
          .findFirst()
          .ifPresent(other -> pairs.add(pair(first, other)));
    }
    return finding(pairs, "image", "with two labels", "keep the right one of each");
  }

  private String pair(Image image, Image other) {
    return names.of(image.part(), image.index()) + " = " + names.of(other.part(), other.index());
  }

  private static Optional<Finding> finding(
      List<String> pairs, String noun, String how, String advice) {
    return pairs.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Finding(
                String.format(
                    Locale.ROOT,
                    "%d %s%s %s (%s)",
                    pairs.size(),
                    noun,
                    pairs.size() == 1 ? "" : "s",
                    how,
                    Skipped.names(pairs)),
                advice));
  }
}
