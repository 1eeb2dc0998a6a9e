package dev.lamina.io;

import com.google.common.hash.HashFunction;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A file to download, with its published checksum.
 *
 * @param name the file name
 * @param algorithm {@code SHA-256} or {@code MD5}
 * @param checksum the checksum in hexadecimal
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

  /** Computes the checksum of a local file with the same algorithm, in hexadecimal. */
  public String checksumOf(Path file) throws IOException {
    return com.google.common.io.Files.asByteSource(file.toFile()).hash(function()).toString();
  }

  // MD5 only if the publisher offers nothing better: it detects damage, not tampering.
  @SuppressWarnings("deprecation")
  private HashFunction function() {
    return algorithm.equals("MD5") ? Hashing.md5() : Hashing.sha256();
  }
}
