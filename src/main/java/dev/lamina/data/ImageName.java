package dev.lamina.data;

import com.google.common.base.Ascii;
import com.google.common.io.MoreFiles;
import dev.lamina.io.Messages;
import java.nio.file.Path;

/**
 * The name of an image file in messages.
 *
 * @param text the name
 * @param extension in lower case; empty if it does not matter
 */
record ImageName(String text, String extension) {
  static ImageName of(Path file) {
    return new ImageName(
        Messages.printable(file), Ascii.toLowerCase(MoreFiles.getFileExtension(file)));
  }

  @Override
  public String toString() {
    return text;
  }
}
