package dev.lamina.data;

import com.google.common.hash.HashFunction;
import com.google.common.hash.Hashing;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A file of a published data set.
 *
 * @param name its name
 * @param algorithm the algorithm of its checksum
 * @param checksum its published checksum, in hexadecimal
 */
record PublishedFile(String name, String algorithm, String checksum) {
  static PublishedFile sha256(String name, String checksum) {
    return new PublishedFile(name, "SHA-256", checksum);
  }

  static PublishedFile md5(String name, String checksum) {
    return new PublishedFile(name, "MD5", checksum);
  }

  String checksumOf(Path file) throws IOException {
    return com.google.common.io.Files.asByteSource(file.toFile()).hash(function()).toString();
  }

  // MD5 only where the publisher gives nothing better; it guards against damage, not against
  // malice.
  @SuppressWarnings("deprecation")
  private HashFunction function() {
    return algorithm.equals("MD5") ? Hashing.md5() : Hashing.sha256();
  }
}
