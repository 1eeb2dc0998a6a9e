package dev.lamina.data;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
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

/** Unpacks tar.gz archives without trusting them. */
final class Archives {
  /** Several times what the largest of the data sets unpacks to. */
  private static final long LARGEST = 2L << 30;

  private Archives() {}

  /**
   * Unpacks the files of an archive into a folder.
   *
   * @throws DataException where a path would leave the folder, an entry is neither file nor folder,
   *     it is too large, it is damaged, or the folder cannot be written
   */
  static void unpack(Path archive, Path folder) {
    Path root = folder.toAbsolutePath().normalize();
    long total = 0;
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(archive));
        TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(raw))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path target = root.resolve(entry.getName()).normalize();
        if (!target.startsWith(root)) {
          throw refused(
              archive, "the path " + OneLine.of(entry.getName()) + ", which leaves its folder");
        }
        if (entry.isDirectory()) {
          Files.createDirectories(target);
        } else if (entry.isSparse()) {
          // A few bytes could stand for gigabytes of zeros.
          throw refused(archive, "the sparse file " + OneLine.of(entry.getName()));
        } else if (isPlainFile(entry)) {
          total += entry.getSize();
          if (total > LARGEST) {
            throw refused(archive, "more than " + LARGEST + " bytes");
          }
          Path parent = target.getParent();
          if (parent != null) {
            Files.createDirectories(parent);
          }
          Files.copy(tar, target);
        } else {
          throw refused(archive, "the link or device " + OneLine.of(entry.getName()));
        }
      }
    } catch (ZipException | EOFException e) {
      throw new DataException(archive + " is no whole gzip archive; remove it and try again", e);
    } catch (DataException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // A damaged tar, a name that is none here, no space.
      throw new DataException(
          archive
              + " could not be unpacked ("
              + OneLine.of(e)
              + "); remove it and try again, or free space",
          e);
    }
  }

  private static boolean isPlainFile(TarArchiveEntry entry) {
    // isFile() says yes to whatever is no folder.
    return entry.isFile()
        && !entry.isLink()
        && !entry.isSymbolicLink()
        && !entry.isFIFO()
        && !entry.isCharacterDevice()
        && !entry.isBlockDevice();
  }

  private static DataException refused(Path archive, String what) {
    return new DataException(
        archive + " holds " + what + "; it was not unpacked, remove it and use another --mirror");
  }

  /** Deletes a folder that may be gone already. */
  static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      // What is deleted was made here and holds no links.
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }
}
