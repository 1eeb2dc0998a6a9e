package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.lamina.data.Rejected;
import dev.lamina.torture.JavaProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir private Path folder;

  @Test
  void write_makesParents_andReplacesTheWhole() throws IOException {
    Path file = folder.resolve("a/b/file.txt");
    AtomicFiles.writeString(file, "a long first text, é");
    assertThat(file).hasContent("a long first text, é");
    AtomicFiles.write(file, new byte[] {1, 2});
    assertThat(file).hasBinaryContent(new byte[] {1, 2});
    assertOnlyFile(file);
  }

  @Test
  void write_givesTheUsualPermissions() throws IOException {
    assumeTrue(FileSystems.getDefault().supportedFileAttributeViews().contains("posix"));
    Path plain = Files.createFile(folder.resolve("plain"));
    Path file = folder.resolve("file");
    AtomicFiles.writeString(file, "text");
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(Files.getPosixFilePermissions(plain));
  }

  @Test
  void folderThatIsALink_isFollowed() throws IOException {
    Path real = Files.createDirectory(folder.resolve("real"));
    Path link = folder.resolve("link");
    Files.createSymbolicLink(link, real);
    AtomicFiles.writeString(link.resolve("file"), "text");
    assertThat(real.resolve("file")).hasContent("text");
  }

  @Test
  void otherFileSystem_isWrittenTo() throws IOException {
    Path zip = folder.resolve("files.zip");
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      AtomicFiles.writeString(files.getPath("/a/file"), "text");
    }
    try (FileSystem files = FileSystems.newFileSystem(zip)) {
      assertThat(files.getPath("/a/file")).hasContent("text");
    }
  }

  /** As after the cancellation of a task. */
  @Test
  void interruptedThread_writes_andStaysInterrupted() {
    Path file = folder.resolve("file");
    Thread.currentThread().interrupt();
    try {
      AtomicFiles.writeString(file, "text");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(file).hasContent("text");
  }

  /** Buffers that are longer than what is written at once, with and without an array. */
  @Test
  void writeAll_writesTheWholeOfEveryBuffer() throws IOException {
    byte[] bytes = new byte[200_003];
    new Random(5).nextBytes(bytes);
    ByteBuffer first = ByteBuffer.wrap(bytes, 0, 70_001).asReadOnlyBuffer();
    ByteBuffer second = ByteBuffer.allocateDirect(130_002).put(bytes, 70_001, 130_002).flip();
    AtomicFiles.write(folder.resolve("file"), List.of(first, second));
    assertThat(folder.resolve("file")).hasBinaryContent(bytes);
  }

  /** Writes a file until it is stopped. */
  static final class Writer {
    private Writer() {}

    /** Takes the file. */
    public static void main(String[] args) throws IOException {
      AtomicFiles.write(
          Path.of(args[0]),
          out -> {
            AtomicFiles.writeAll(out, List.of(ByteBuffer.allocate(9)));
            System.out.println("writing");
            // Not for input: its end, which comes with the stop, would let it go on.
            Uninterruptibles.sleepUninterruptibly(Duration.ofMinutes(1));
          });
    }
  }

  @Test
  void stoppedProcess_leavesNothing() throws Exception {
    Process process = JavaProcess.of(Writer.class, folder.resolve("file")).start();
    assertThat(process.inputReader().readLine()).isEqualTo("writing");
    process.destroy();
    process.waitFor();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void contentThatCannotBeWritten_leavesTheOldFile() throws IOException {
    Path file = folder.resolve("file");
    Files.writeString(file, "old");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () ->
                AtomicFiles.write(
                    file,
                    out -> {
                      out.write('n');
                      throw new IOException("no space");
                    }))
        .withMessage("no space");
    assertThat(file).hasContent("old");
    assertOnlyFile(file);
  }

  @Test
  void longestName_isWritten() throws IOException {
    Path file = folder.resolve("x".repeat(255));
    AtomicFiles.writeString(file, "text");
    assertThat(file).hasContent("text");
    assertOnlyFile(file);
  }

  /** 244 bytes: three for each character. The end of the name is kept. */
  @Test
  void temporaryOfALongName_isCutBetweenCharacters() throws IOException {
    assumeTrue("UTF-8".equals(System.getProperty("sun.jnu.encoding")));
    Path file = folder.resolve("\u5199".repeat(80) + ".png");
    AtomicFiles.writeString(file, "text");
    assertThat(file).hasContent("text");
    String temporary = AtomicFiles.temporary(file).getFileName().toString();
    // 255 - 42 = 213 bytes, 4 of them for the ending.
    assertThat(temporary).startsWith("." + "\u5199".repeat(69) + ".png.").endsWith(".tmp");
  }

  @Test
  void targetThatIsAFolder_isLeftAlone() throws IOException {
    Path target = folder.resolve("target");
    Files.createDirectories(target.resolve("inner"));
    rejects(target);
    assertThat(target.resolve("inner")).isDirectory();
    assertOnlyFile(target);
  }

  @Test
  void parentThatIsAFile_isRejected() throws IOException {
    Path parent = Files.createFile(folder.resolve("parent"));
    Path file = parent.resolve("file");
    Rejected.with(
        file
            + " could not be written (java.nio.file.FileAlreadyExistsException: "
            + parent
            + "); free space or choose another folder",
        () -> AtomicFiles.writeString(file, "new"));
  }

  private static void rejects(Path file) {
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> AtomicFiles.writeString(file, "new"))
        .withMessageStartingWith(
            file + " could not be written (java.nio.file.FileSystemException: ")
        .withMessageEndingWith("); free space or choose another folder");
  }

  private static void assertOnlyFile(Path file) throws IOException {
    try (Stream<Path> files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }
}
