package dev.lamina.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;

/** The name of the class that a folder holds. */
final class ClassName {
  private static final char UNREADABLE = '\uFFFD';

  private ClassName() {}

  /**
   * Returns the folder's name with composed accents. If the locale's charset cannot read it, it is
   * read as UTF-8, or else as Latin-1, so that different names stay different classes.
   */
  static String of(Path folder) {
    String name = String.valueOf(folder.getFileName());
    return Normalizer.normalize(
        name.indexOf(UNREADABLE) < 0 ? name : decode(bytes(folder)), Normalizer.Form.NFC);
  }

  private static String decode(byte[] name) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
    } catch (CharacterCodingException e) {
      return new String(name, StandardCharsets.ISO_8859_1);
    }
  }

  /** Returns the bytes of a name, which only the path's URI keeps. */
  private static byte[] bytes(Path folder) {
    String path = folder.toUri().getRawPath();
    int end = path.endsWith("/") ? path.length() - 1 : path.length();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = path.lastIndexOf('/', end - 1) + 1; i < end; i++) {
      if (path.charAt(i) == '%') {
        bytes.write(Integer.parseInt(path.substring(i + 1, i + 3), 16));
        i += 2;
      } else {
        bytes.write(path.charAt(i));
      }
    }
    return bytes.toByteArray();
  }
}
