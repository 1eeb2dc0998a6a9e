package dev.lamina.cli;

import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that make images of any size those of one size. */
final class ResizeOption {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,5})(?:x(\\d{1,5}))?");
  private static final int MAX_SIDE = 4096;

  @Option(
      names = "--image-size",
      paramLabel = "N|HxW",
      description =
          "resize the images of a folder to N x N pixels, or to height x width (default: all must have one size)")
  private @Nullable String imageSize;

  @Option(
      names = "--resize",
      paramLabel = "RULE",
      description =
          "how images of other proportions get that size: cover (scale and crop the middle), fit (scale and pad), stretch,"
              + " or pad (smaller ones are not scaled) (default: cover, unless a file or a model says otherwise)")
  private @Nullable String rule;

  @Option(
      names = "--upright",
      description =
          "turn photographs as their EXIF orientation says, in training and in prediction (default: pixels as stored)")
  private boolean upright;

  /** Returns how images are resized, or nothing if they must have one size. */
  Optional<Preprocessing> resolve() {
    return resolve(Optional.empty());
  }

  /**
   * Returns how images are resized, or nothing if they must have one size.
   *
   * @param otherwise what holds where nothing else is given
   */
  Optional<Preprocessing> resolve(Optional<Preprocessing> otherwise) {
    if (imageSize == null && rule == null && !upright) {
      return otherwise;
    }
    Resize size = imageSize == null ? otherwise.map(Preprocessing::resize).orElse(null) : size();
    if (size == null) {
      throw new IllegalArgumentException(
          (rule != null ? "--resize" : "--upright")
              + " must be given with --image-size; give --image-size N, the size to train on");
    }
    Preprocessing before = otherwise.orElse(Preprocessing.of(size));
    Resize.Mode mode =
        rule == null
            ? before.resize().mode()
            : Resize.named(rule, size.height(), size.width()).mode();
    Resize resize =
        new Resize(
            mode,
            size.height(),
            size.width(),
            mode == before.resize().mode() ? before.resize().crop() : 1,
            before.resize().filter());
    return Optional.of(Preprocessing.of(resize).upright(upright || before.upright()));
  }

  private Resize size() {
    Matcher size = SIZE.matcher(imageSize);
    int height = size.matches() ? Integer.parseInt(size.group(1)) : 0;
    int width = size.matches() && size.group(2) != null ? Integer.parseInt(size.group(2)) : height;
    if (height < 1 || height > MAX_SIDE || width < 1 || width > MAX_SIDE) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--image-size must be N or HxW with sides in 1..%d, got %s",
              MAX_SIDE,
              imageSize));
    }
    return Resize.cover(height, width);
  }
}
