package dev.lamina.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The segments of a JPEG file up to its first scan. Colours are interpreted as libjpeg does, so as
 * Pillow, torchvision and TensorFlow do; colour profiles are not applied.
 */
final class JpegFile {
  private static final int TEM = 0x01;
  private static final int RST0 = 0xd0;
  private static final int RST7 = 0xd7;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP0 = 0xe0;
  private static final int APP1 = 0xe1;
  private static final int APP14 = 0xee;
  private static final int APP15 = 0xef;
  private static final int COM = 0xfe;
  private static final int SOF0 = 0xc0;
  private static final int SOF15 = 0xcf;

  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] JFIF = "JFIF\0".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ADOBE = "Adobe".getBytes(StandardCharsets.US_ASCII);

  private final byte[] file;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private byte @Nullable [] exif;
  private boolean jfif;
  private int adobeTransform = -1;
  private byte[] componentIds = new byte[0];
  private int height;
  private int width;
  private int scans;

  private JpegFile(byte[] file) {
    this.file = file;
  }

  /** Whether a file begins as a JPEG. */
  static boolean is(byte[] file) {
    return file.length > 2 && file[0] == (byte) 0xff && file[1] == (byte) 0xd8;
  }

  /**
   * Parses the segments.
   *
   * @throws IOException if they are damaged or end before a scan
   */
  static JpegFile parse(byte[] file) throws IOException {
    JpegFile parsed = new JpegFile(file);
    int at = 2;
    while (true) {
      while (byteAt(file, at) == 0xff && byteAt(file, at + 1) == 0xff) {
        at++;
      }
      if (byteAt(file, at) != 0xff) {
        throw new IOException(
            String.format(
                Locale.ROOT, "byte %d is 0x%02x, not a JPEG marker", at, byteAt(file, at)));
      }
      int marker = byteAt(file, at + 1);
      int length = byteAt(file, at + 2) << 8 | byteAt(file, at + 3);
      if (length < 2 || at + 2 + length > file.length) {
        throw new IOException("a JPEG segment is longer than the file");
      }
      if (marker == SOS) {
        parsed.kept.write(file, at, file.length - at);
        parsed.scans = countScans(file, at);
        return parsed;
      }
      parsed.segment(marker, at, length);
      at += 2 + length;
    }
  }

  /** Counts the scans up to the end of the image. Phones write films behind it. */
  private static int countScans(byte[] file, int from) {
    int scans = 0;
    int at = from;
    while (at + 3 < file.length) {
      int marker = file[at + 1] & 0xff;
      if (file[at] != (byte) 0xff || marker == 0xff) {
        at++;
      } else if (marker == 0 || marker == TEM || (marker >= RST0 && marker <= RST7)) {
        at += 2; // In entropy-coded data.
      } else if (marker == EOI) {
        break;
      } else {
        scans += marker == SOS ? 1 : 0;
        at += 2 + ((file[at + 2] & 0xff) << 8 | (file[at + 3] & 0xff));
      }
    }
    return scans;
  }

  private static int byteAt(byte[] file, int at) throws IOException {
    if (at >= file.length) {
      throw new IOException("the JPEG ends before its image data");
    }
    return file[at] & 0xff;
  }

  private void segment(int marker, int at, int length) throws IOException {
    int from = at + 4;
    int end = at + 2 + length;
    if (marker == APP1 && exif == null && startsWith(from, end, EXIF)) {
      exif = Arrays.copyOfRange(file, from + EXIF.length, end);
    } else if (marker == APP0) {
      jfif |= startsWith(from, end, JFIF);
    } else if (marker == APP14 && length >= 14 && startsWith(from, end, ADOBE)) {
      adobeTransform = file[from + 11] & 0xff;
    } else if (marker == SOF0 || (marker > SOF0 && marker <= SOF15 && marker % 4 != 0)) {
      frame(from, end);
    }
    if ((marker < APP0 || marker > APP15) && marker != COM) {
      kept.write(file, at, end - at);
    }
  }

  private boolean startsWith(int from, int end, byte[] tag) {
    return end - from >= tag.length
        && Arrays.equals(file, from, from + tag.length, tag, 0, tag.length);
  }

  private void frame(int from, int end) throws IOException {
    int components = end - from < 6 ? 0 : file[from + 5] & 0xff;
    if (components == 0 || end - from < 6 + 3 * components) {
      throw new IOException("the JPEG's frame header is too short");
    }
    ByteBuffer header = ByteBuffer.wrap(file);
    height = header.getShort(from + 1) & 0xffff;
    width = header.getShort(from + 3) & 0xffff;
    componentIds = new byte[components];
    for (int i = 0; i < components; i++) {
      componentIds[i] = file[from + 6 + 3 * i];
    }
  }

  /** The height in the header, in pixels; 0 if there is no frame. */
  int height() {
    return height;
  }

  /** The width in the header, in pixels. */
  int width() {
    return width;
  }

  /** The number of scans of the image. */
  int scans() {
    return scans;
  }

  /** The EXIF data, a TIFF structure; null if there is none. */
  byte @Nullable [] exif() {
    return exif;
  }

  /** Whether the image has the four components of ink. */
  boolean isCmyk() {
    return componentIds.length == 4;
  }

  /**
   * Whether values are stored inverted, as Adobe's programs do; libjpeg's users assume it if the
   * Adobe marker is there.
   */
  boolean isInverted() {
    return adobeTransform >= 0;
  }

  /** Whether the first three components are luma and chroma, by libjpeg's rules. */
  boolean isYcc() {
    if (isCmyk()) {
      return adobeTransform == 2;
    }
    if (jfif) {
      return true;
    }
    return adobeTransform >= 0
        ? adobeTransform != 0
        : !Arrays.equals(componentIds, new byte[] {'R', 'G', 'B'});
  }

  /**
   * Returns the file with a single marker for its colours in place of all metadata, so that no
   * decoder applies rules of its own to profiles and odd combinations of markers.
   */
  byte[] normalized() {
    ByteArrayOutputStream out = new ByteArrayOutputStream(kept.size() + 20);
    out.writeBytes(new byte[] {(byte) 0xff, (byte) 0xd8, (byte) 0xff});
    if (isYcc() && !isCmyk()) {
      out.writeBytes(new byte[] {(byte) APP0, 0, 16, 'J', 'F', 'I', 'F', 0});
      out.writeBytes(new byte[] {1, 1, 0, 0, 1, 0, 1, 0, 0});
    } else {
      out.writeBytes(new byte[] {(byte) APP14, 0, 14, 'A', 'd', 'o', 'b', 'e'});
      out.writeBytes(new byte[] {0, 100, 0, 0, 0, 0, (byte) (isYcc() ? 2 : 0)});
    }
    out.writeBytes(kept.toByteArray());
    return out.toByteArray();
  }
}
