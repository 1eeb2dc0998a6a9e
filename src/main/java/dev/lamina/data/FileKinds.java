package dev.lamina.data;

import com.google.common.base.Ascii;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a file is, by its name. */
final class FileKinds {
  private static final List<String> IMAGES =
      List.of("jpg", "png", "jpeg", "jpe", "jfif", "gif", "bmp", "tif", "tiff", "webp");

  /** Image formats that are not read, by extension. */
  private static final Map<String, String> NOT_READ =
      Map.ofEntries(
          Map.entry("heic", "HEIC image"),
          Map.entry("heif", "HEIC image"),
          Map.entry("avif", "AVIF image"),
          Map.entry("jxl", "JPEG XL image"),
          Map.entry("jp2", "JPEG 2000 image"),
          Map.entry("svg", "SVG image"),
          Map.entry("psd", "PSD image"),
          Map.entry("ico", "ICO image"),
          Map.entry("tga", "TGA image"),
          Map.entry("raw", "raw image"),
          Map.entry("dng", "raw image"),
          Map.entry("cr2", "raw image"),
          Map.entry("cr3", "raw image"),
          Map.entry("nef", "raw image"),
          Map.entry("arw", "raw image"),
          Map.entry("orf", "raw image"),
          Map.entry("rw2", "raw image"),
          Map.entry("raf", "raw image"));

  /**
   * What systems leave in folders, and the bins of Windows and NAS devices, in lower case, beside
   * names that begin with a dot.
   */
  private static final Set<String> LEFT_BY_SYSTEMS =
      Set.of(
          "thumbs.db",
          "ehthumbs.db",
          "desktop.ini",
          "icon\r",
          "__macosx",
          "@eadir",
          "$recycle.bin",
          "#recycle",
          "@recycle",
          "system volume information",
          "lost+found");

  private FileKinds() {}

  /** The extensions of images that are read, the most frequent ones first. */
  static List<String> imageExtensions() {
    return IMAGES;
  }

  /** Whether the name is that of an image that is read. */
  static boolean isImage(Path file) {
    return IMAGES.contains(extension(name(file)));
  }

  /** Whether a path in a text is that of an image that is read. */
  static boolean isImage(String path) {
    return IMAGES.contains(extension(path));
  }

  /** Whether the name is that of a file or folder nobody misses, such as {@code .DS_Store}. */
  static boolean isOfSystem(Path file) {
    String name = name(file);
    return name.startsWith(".") || LEFT_BY_SYSTEMS.contains(Ascii.toLowerCase(name));
  }

  /** Returns why a file that is not an image to be read is left out. */
  static Skipped.Reason reason(Path file) {
    String extension = extension(name(file));
    String format = NOT_READ.get(extension);
    if (format != null) {
      return new Skipped.Reason(format, "not read: convert to JPEG or PNG");
    }
    return new Skipped.Reason(
        extension.isEmpty() ? "extensionless file" : "." + extension + " file", "not an image");
  }

  /** Returns the name without its last extension. */
  static String stem(Path file) {
    String name = name(file);
    int dot = name.lastIndexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }

  /** Returns the last extension of a name in lower case, or an empty text. */
  static String extension(String name) {
    int dot = name.lastIndexOf('.');
    return dot < 0 ? "" : Ascii.toLowerCase(name.substring(dot + 1));
  }

  static String name(Path file) {
    return String.valueOf(file.getFileName());
  }
}
