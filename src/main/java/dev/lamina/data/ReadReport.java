package dev.lamina.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What happened when image files were read.
 *
 * @param skipped what was left out, by kind
 * @param decoded the number of images that were decoded; others were in the cache
 * @param seconds how long decoding and resizing took
 * @param streaming why the pixels stay on disk although that was not asked for; empty if they do
 *     not
 */
public record ReadReport(
    List<Skipped> skipped, int decoded, double seconds, Optional<String> streaming) {
  /** Nothing to report: the data set is not of image files. */
  public static final ReadReport NONE = new ReadReport(List.of(), 0, 0, Optional.empty());

  /** Takes a copy of the list. */
  public ReadReport {
    skipped = List.copyOf(skipped);
  }

  /** Returns the report as lines of text; none if there is nothing to report. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>(notes());
    if (decoded > 0) {
      lines.add(
          String.format(
              Locale.ROOT,
              "decoded %,d images in %.1f s (%,.0f/s)",
              decoded,
              seconds,
              decoded / Math.max(seconds, 1e-3)));
    }
    return lines;
  }

  /** Returns what is the same whenever the images are read: all but the time that it took. */
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (!skipped.isEmpty()) {
      notes.add(
          "left out: " + skipped.stream().map(Skipped::toString).collect(Collectors.joining("; ")));
    }
    streaming.ifPresent(notes::add);
    return notes;
  }
}
