package dev.lamina.data;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Unpacks tar.gz archives from untrusted sources. */
final class Archives {
  /** Several times the unpacked size of the largest data set. */
  private static final long MAX_BYTES = 2L << 30;

  private Archives() {}

  /**
   * Unpacks the files of an archive into a folder.
   *
   * @throws LaminaException if a path would leave the folder, an entry is neither a file nor a
   *     folder, the content is too large, the archive is damaged, or the folder cannot be written
   */
  static void unpack(Path archive, Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    long total = 0;
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(archive));
        TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(raw))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path target = root.resolve(entry.getName()).normalize();
        if (!target.startsWith(root)) {
          throw rejected(
              archive,
              "the path " + Messages.singleLine(entry.getName()) + ", which leaves its folder");
        }
        if (isPlainFile(entry)) {
          total += entry.getSize();
        }
        if (total > MAX_BYTES) {
          throw rejected(archive, "more than " + MAX_BYTES + " bytes");
        }
        write(archive, tar, entry, target);
      }
    } catch (ZipException | EOFException e) {
      throw new LaminaException(
          archive + " is not a complete gzip archive; remove it and try again", e);
    } catch (LaminaException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Damaged archive, a name this file system rejects, or a full disk.
      throw new LaminaException(
          archive
              + " could not be unpacked ("
              + Messages.singleLine(e)
              + "); remove it and try again, or free space",
          e);
    }
  }

  private static void write(
      Path archive, TarArchiveInputStream tar, TarArchiveEntry entry, Path target)
      throws IOException {
    if (entry.isDirectory()) {
      Files.createDirectories(target);
    } else if (isPlainFile(entry)) {
      Path parent = target.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Files.copy(tar, target);
    } else {
      String kind = entry.isSparse() ? "sparse file " : "link or device ";
      throw rejected(archive, "the " + kind + Messages.singleLine(entry.getName()));
    }
  }

  private static boolean isPlainFile(TarArchiveEntry entry) {
    // isFile() returns true for most of the other kinds too.
    return entry.isFile()
        && !entry.isDirectory()
        // A few bytes of a sparse file can expand to gigabytes of zeros.
        && !entry.isSparse()
        && !entry.isLink()
        && !entry.isSymbolicLink()
        && !entry.isFIFO()
        && !entry.isCharacterDevice()
        && !entry.isBlockDevice();
  }

  private static LaminaException rejected(Path archive, String what) {
    return new LaminaException(
        archive
            + " contains "
            + what
            + "; it was not unpacked, remove it and use another --mirror");
  }

  /** Deletes a folder if it exists. */
  static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      // Safe, because this class created the folder and it contains no links.
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
