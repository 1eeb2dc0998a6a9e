package dev.lamina.io;

import com.google.common.hash.HashFunction;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file to download, with its published checksum.
 *
 * @param name the file name
 * @param algorithm {@code SHA-256}, {@code MD5}, or {@code size} if nothing better is published
 * @param checksum the checksum in hexadecimal, or the number of bytes
 */
public record PublishedFile(String name, String algorithm, String checksum) {
  /** A file with a SHA-256 checksum. */
  public static PublishedFile sha256(String name, String checksum) {
    return new PublishedFile(name, "SHA-256", checksum);
  }

  /** A file with an MD5 checksum. */
  public static PublishedFile md5(String name, String checksum) {
    return new PublishedFile(name, "MD5", checksum);
  }

  /** A file of which only the number of bytes is known. */
  public static PublishedFile size(String name, long bytes) {
    return new PublishedFile(name, "size", Long.toString(bytes));
  }

  boolean hasHash() {
    return !algorithm.equals("size");
  }

  /** Computes the checksum of a local file with the same algorithm. */
  public String checksumOf(Path file) throws IOException {
    if (!hasHash()) {
      return Long.toString(Files.size(file));
    }
    return com.google.common.io.Files.asByteSource(file.toFile()).hash(function()).toString();
  }

  // MD5 only if the publisher offers nothing better: it detects damage, not tampering.
  @SuppressWarnings("deprecation")
  private HashFunction function() {
    return algorithm.equals("MD5") ? Hashing.md5() : Hashing.sha256();
  }
}
