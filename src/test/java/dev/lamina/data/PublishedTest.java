package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.hash.Hashing;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lamina.io.Download;
import dev.lamina.io.FolderLock;
import dev.lamina.io.HeldPort;
import dev.lamina.io.LaminaException;
import dev.lamina.io.PublishedFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from a local server whose responses each test defines. */
class PublishedTest {
  private static final byte[] CONTENT = new byte[300_000];

  static {
    new Random(0).nextBytes(CONTENT);
  }

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  @TempDir private Path cache;
  private final Queue<String> ranges = new ConcurrentLinkedQueue<>();
  private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;
  private final URI site;

  PublishedTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    site = URI.create("http://localhost:" + server.getAddress().getPort() + "/data/");
  }

  @BeforeEach
  void start() {
    server.setExecutor(threads);
    server.createContext(
        "/data/",
        exchange -> {
          try (exchange) {
            String range = exchange.getRequestHeaders().getFirst("Range");
            ranges.add(range == null ? "all" : range);
            Answer answer = answers.size() > 1 ? answers.poll() : answers.peek();
            if (answer != null) {
              answer.to(exchange);
            }
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    end.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  @Test
  void knownNames_areWhatTheirSitesPublish() {
    String cifar = "https://www.cs.toronto.edu/~kriz/";
    assertThat(Published.of("cifar10"))
        .isEqualTo(
            new Published(
                URI.create(cifar),
                List.of(
                    PublishedFile.sha256(
                        "cifar-10-binary.tar.gz",
                        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")),
                "cifar10"));
    assertThat(Published.of("cifar100"))
        .isEqualTo(
            new Published(
                URI.create(cifar),
                List.of(
                    PublishedFile.sha256(
                        "cifar-100-binary.tar.gz",
                        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")),
                "cifar100"));
    assertThat(Published.of("fashion-mnist").files())
        .extracting(PublishedFile::algorithm)
        .containsExactly("MD5", "MD5", "MD5", "MD5");
  }

  @Test
  void unknownName_isRejected() {
    Rejected.with(
        "name must be one of cifar10, cifar100, fashion-mnist, got mnist",
        () -> ImageData.named("mnist", cache, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "file:///data",
        "ftp://localhost/",
        "mirror",
        "http:/data",
        "//localhost/",
        "http://data_sets:8000/"
      })
  void mirrorThatIsNoWebAddress_isRejected(String mirror) {
    Rejected.with(
        "mirror must be an http or https address whose host has no underscore and whose special"
            + " characters are percent-encoded (a space as %20), got "
            + mirror,
        () -> one().fetch(cache, URI.create(mirror)));
  }

  @Test
  void twoAtOnce_downloadOnce() {
    answers.add(this::whole);
    List<CompletableFuture<Path>> both =
        Stream.generate(
                () -> CompletableFuture.supplyAsync(() -> one().fetch(cache, null), threads))
            .limit(2)
            .toList();
    both.forEach(path -> assertThat(path.join().resolve("a.bin")).hasBinaryContent(CONTENT));
    assertThat(ranges).containsExactly("all");
  }

  @Test
  void whole_comesInOneRequest_andIsKept() throws IOException {
    answers.add(this::whole);
    Path folder = one().fetch(cache, null);
    assertThat(folder).isEqualTo(cache.resolve("set"));
    assertThat(folder.resolve("a.bin")).hasBinaryContent(CONTENT);
    assertThat(names(cache)).containsExactly("set");
    if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      Path usual = Files.createDirectory(cache.resolve("usual"));
      assertThat(Files.getPosixFilePermissions(folder))
          .isEqualTo(Files.getPosixFilePermissions(usual));
    }
    assertThat(one().fetch(cache, null)).isEqualTo(folder);
    assertThat(ranges).containsExactly("all");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/"})
  void mirror_isAskedInsteadOfTheSite(String ending) {
    answers.add(this::whole);
    Published elsewhere = new Published(URI.create("http://localhost:1/"), one().files(), "set");
    String address = site.toString();
    elsewhere.fetch(cache, URI.create(address.substring(0, address.length() - 1) + ending));
    assertThat(cache.resolve("set/a.bin")).hasBinaryContent(CONTENT);
  }

  @Test
  void cutConnection_isResumed() {
    answers.add(this::cut);
    answers.add(this::range);
    one().fetch(cache, null);
    assertThat(cache.resolve("set/a.bin")).hasBinaryContent(CONTENT);
    assertThat(ranges).hasSize(2).element(0).isEqualTo("all");
    assertThat(ranges.stream().skip(1)).allMatch(range -> range.matches("bytes=[1-9]\\d*-"));
  }

  @Test
  void serverWithoutRange_sendsAllAgain() {
    answers.add(this::cut);
    answers.add(this::whole);
    one().fetch(cache, null);
    assertThat(cache.resolve("set/a.bin")).hasBinaryContent(CONTENT);
    assertThat(ranges).hasSize(2);
  }

  @Test
  void partOfAnEarlierCall_isResumed() throws IOException {
    Files.createDirectories(part().getParent());
    Files.write(part(), Arrays.copyOf(CONTENT, 1234));
    answers.add(this::range);
    one().fetch(cache, null);
    assertThat(cache.resolve("set/a.bin")).hasBinaryContent(CONTENT);
    assertThat(ranges).containsExactly("bytes=1234-");
  }

  @Test
  void wholePartOfAnEarlierCall_isTaken() throws IOException {
    Files.createDirectories(part().getParent());
    Files.write(part(), CONTENT);
    answers.add(exchange -> exchange.sendResponseHeaders(416, -1));
    one().fetch(cache, null);
    assertThat(cache.resolve("set/a.bin")).hasBinaryContent(CONTENT);
  }

  @Test
  void serverThatAlwaysCuts_isRejected_andThePartIsKept() throws IOException {
    answers.add(this::cut);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> one().fetch(cache, null))
        .withMessageMatching(
            site
                + "a\\.bin could not be reached \\(java\\.io\\.IOException: .*\\); check the network"
                + " and try again \\(the partial download is kept\\), or use --mirror");
    assertThat(ranges).hasSize(4);
    assertThat(part()).exists();
    assertThat(names(cache)).containsExactly("set.download");
  }

  @Test
  void wrongByte_isRejected_andNothingIsKept() throws IOException {
    byte[] wrong = CONTENT.clone();
    wrong[77]++;
    answers.add(exchange -> send(exchange, 200, wrong));
    Rejected.with(
        site
            + "a.bin has SHA-256 "
            + sha256(wrong)
            + ", must be "
            + sha256(CONTENT)
            + "; try again, or another --mirror",
        () -> one().fetch(cache, null));
    assertThat(names(cache.resolve("set.download"))).isEmpty();
    assertThat(cache.resolve("set")).doesNotExist();
  }

  @Test
  void md5_isCheckedToo() {
    answers.add(this::whole);
    Published set =
        new Published(
            site, List.of(PublishedFile.md5("a.bin", "0123456789abcdef0123456789abcdef")), "set");
    @SuppressWarnings("deprecation")
    String actual = Hashing.md5().hashBytes(CONTENT).toString();
    Rejected.with(
        site
            + "a.bin has MD5 "
            + actual
            + ", must be 0123456789abcdef0123456789abcdef; try again, or another --mirror",
        () -> set.fetch(cache, null));
  }

  @Test
  void notFound_isRejectedAtOnce() {
    answers.add(exchange -> exchange.sendResponseHeaders(404, -1));
    Rejected.with(
        site + "a.bin returned status 404; try again later, or another --mirror",
        () -> one().fetch(cache, null));
    assertThat(ranges).hasSize(1);
  }

  @Test
  void noNetwork_isRejected() {
    try (HeldPort port = new HeldPort()) {
      URI closed = URI.create("http://127.0.0.1:" + port.number() + "/");
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> one().fetch(cache, closed))
          .withMessageMatching(
              closed
                  + "a\\.bin could not be reached \\(java\\.net\\.ConnectException.*\\); check the"
                  + " network and try again \\(the partial download is kept\\), or use --mirror");
    }
  }

  @Test
  void stalledBody_isTriedAgain() throws IOException {
    answers.add(
        exchange -> {
          if (exchange.getRequestHeaders().containsKey("Range")) {
            range(exchange);
          } else {
            stall(exchange);
          }
        });
    Path target = cache.resolve("a.bin");
    // On a busy machine a good answer may take as long as a stalled one: then with more patience.
    for (Duration timeout = Duration.ofMillis(250); Files.notExists(target); ) {
      timeout = timeout.multipliedBy(2);
      try {
        Download.fetch(site.resolve("a.bin"), target, one().files().get(0), timeout);
      } catch (LaminaException e) {
        assertThat(timeout).as(e.getMessage()).isLessThan(Duration.ofMinutes(5));
      }
    }
    assertThat(target).hasBinaryContent(CONTENT);
    assertThat(ranges.peek()).isEqualTo("all");
    assertThat(ranges).last(InstanceOfAssertFactories.STRING).matches("bytes=\\d+-");
  }

  /** Answers with a part of the file, and then nothing. */
  private void stall(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, CONTENT.length);
    exchange.getResponseBody().write(CONTENT, 0, 100_000);
    exchange.getResponseBody().flush();
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void fullDisk_isRejectedAtOnce() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full));
    Files.createDirectories(part().getParent());
    Files.createSymbolicLink(part(), full);
    answers.add(this::whole);
    Rejected.with(
        part()
            + " could not be written (java.io.IOException: No space left on device); free space or"
            + " choose another --cache",
        () -> one().fetch(cache, null));
    assertThat(ranges).hasSize(1);
  }

  @Test
  void cacheThatIsAFile_isRejected() throws IOException {
    Path file = Files.createFile(cache.resolve("file"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> one().fetch(file, null))
        .withMessageStartingWith(file.resolve("set") + " could not be written (")
        .withMessageEndingWith("); free space or choose another --cache");
  }

  @Test
  void archive_isUnpackedIntoPlace() throws IOException {
    byte[] archive =
        archive(
            entry("inner/", TarConstants.LF_DIR),
            entry("inner/a.txt", TarConstants.LF_NORMAL),
            entry("deep/er/b.txt", TarConstants.LF_NORMAL));
    answers.add(exchange -> send(exchange, 200, archive));
    Published set = archived(archive);
    Path folder = set.fetch(cache, null);
    assertThat(folder.resolve("inner/a.txt")).hasContent("text");
    assertThat(folder.resolve("deep/er/b.txt")).hasContent("text");
    assertThat(names(cache)).containsExactly("set");
    set.fetch(cache, null);
    assertThat(ranges).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil", "/lamina-evil", "a/../../evil"})
  void pathThatLeaves_isRefused(String path) throws IOException {
    refuses(
        archive(entry("good.txt", TarConstants.LF_NORMAL), entry(path, TarConstants.LF_NORMAL)),
        "the path " + path + ", which leaves its folder");
    assertThat(cache.resolve("evil")).doesNotExist();
    assertThat(Path.of("/lamina-evil")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      bytes = {
        TarConstants.LF_SYMLINK,
        TarConstants.LF_LINK,
        TarConstants.LF_FIFO,
        TarConstants.LF_CHR,
        TarConstants.LF_BLK
      })
  void linkOrDevice_isRefused(byte kind) throws IOException {
    refuses(
        archive(entry("good.txt", TarConstants.LF_NORMAL), entry("odd", kind)),
        "the link or device odd");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 15, 40})
  void archiveThatIsNoWholeGzip_isRejected(int length) throws IOException {
    byte[] archive =
        length == 15
            ? "this is not gzip".getBytes(StandardCharsets.US_ASCII)
            : Arrays.copyOf(archive(entry("a.txt", TarConstants.LF_NORMAL)), length);
    answers.add(exchange -> send(exchange, 200, archive));
    Rejected.with(
        cache.resolve("set.download/a.tar.gz")
            + " is not a complete gzip archive; remove it and try again",
        () -> archived(archive).fetch(cache, null));
    assertThat(names(cache)).containsExactly("set.download");
  }

  @Test
  void damagedTar_isRejected() throws IOException {
    byte[] archive = gzip("?".repeat(1024).getBytes(StandardCharsets.US_ASCII));
    answers.add(exchange -> send(exchange, 200, archive));
    Rejected.with(
        cache.resolve("set.download/a.tar.gz")
            + " could not be unpacked (java.io.IOException: Corrupted TAR archive.); remove it and"
            + " try again, or free space",
        () -> archived(archive).fetch(cache, null));
    assertThat(names(cache)).containsExactly("set.download");
  }

  /** A sparse entry without data, which declares a gigabyte of zeros. */
  @Test
  void sparseFile_isRefused() throws IOException {
    StringBuilder records = new StringBuilder();
    for (String record :
        List.of(
            "GNU.sparse.size=1500000000",
            "GNU.sparse.numblocks=1",
            "GNU.sparse.offset=0",
            "GNU.sparse.numbytes=0")) {
      // The length includes its own digits.
      records.append(record.length() + 4).append(' ').append(record).append('\n');
    }
    TarArchiveEntry extension = entry("x", TarConstants.LF_PAX_EXTENDED_HEADER_LC);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      byte[] content = records.toString().getBytes(StandardCharsets.US_ASCII);
      extension.setSize(content.length);
      tar.putArchiveEntry(extension);
      tar.write(content);
      tar.closeArchiveEntry();
      tar.putArchiveEntry(entry("zeros", TarConstants.LF_NORMAL));
      tar.closeArchiveEntry();
    }
    refuses(bytes.toByteArray(), "the sparse file zeros");
  }

  @Test
  void controlCharactersInAName_stayOutOfTheMessage() throws IOException {
    refuses(
        archive(entry("../a\nb", TarConstants.LF_NORMAL)),
        "the path ../a?b, which leaves its folder");
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  private void refuses(byte[] archive, String what) throws IOException {
    answers.add(exchange -> send(exchange, 200, archive));
    Path download = cache.resolve("set.download/a.tar.gz");
    Rejected.with(
        download
            + " contains "
            + what
            + "; it was not unpacked, remove it and use another --mirror",
        () -> archived(archive).fetch(cache, null));
    assertThat(names(cache)).containsExactly("set.download");
    assertThat(names(cache.resolve("set.download"))).containsExactly("a.tar.gz");
  }

  private Published one() {
    return new Published(site, List.of(PublishedFile.sha256("a.bin", sha256(CONTENT))), "set");
  }

  private Published archived(byte[] archive) {
    return new Published(site, List.of(PublishedFile.sha256("a.tar.gz", sha256(archive))), "set");
  }

  private Path part() {
    return cache.resolve("set.download/a.bin.part");
  }

  private void whole(HttpExchange exchange) throws IOException {
    send(exchange, 200, CONTENT);
  }

  /** The response of a server that supports range requests. */
  private void range(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    int start = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
    exchange
        .getResponseHeaders()
        .add("Content-Range", "bytes " + start + "-" + (CONTENT.length - 1) + "/" + CONTENT.length);
    send(exchange, 206, Arrays.copyOfRange(CONTENT, start, CONTENT.length));
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  /** Declares the full length, sends a third of it, and closes the connection. */
  private void cut(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, CONTENT.length);
    exchange.getResponseBody().write(CONTENT, 0, 100_000);
    exchange.getResponseBody().flush();
    // The client discards unread data when the connection breaks.
    while ((!Files.exists(part()) || Files.size(part()) == 0)
        && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static TarArchiveEntry entry(String name, byte kind) {
    TarArchiveEntry entry = new TarArchiveEntry(name, kind, true);
    if (kind == TarConstants.LF_SYMLINK || kind == TarConstants.LF_LINK) {
      entry.setLinkName("good.txt");
    }
    return entry;
  }

  /** Checks that both files contain "text". */
  private static byte[] archive(TarArchiveEntry... entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
      for (TarArchiveEntry entry : entries) {
        byte[] content =
            entry.getLinkFlag() == TarConstants.LF_NORMAL
                ? "text".getBytes(StandardCharsets.US_ASCII)
                : new byte[0];
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static String sha256(byte[] content) {
    return Hashing.sha256().hashBytes(content).toString();
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.equals(FolderLock.FILE))
          .sorted()
          .toList();
    }
  }
}
