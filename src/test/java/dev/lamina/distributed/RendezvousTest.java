package dev.lamina.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.io.HeldPort;
import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers as threads of this process. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RendezvousTest {
  private static final Duration LONG = Duration.ofMinutes(9);
  private static final Duration SHORT = Duration.ofMillis(200);

  private HeldPort port = new HeldPort();

  @AfterEach
  void releasePort() {
    port.close();
  }

  private Rendezvous worker(int rank, int size) {
    return Rendezvous.of(Workers.of(rank, size, "127.0.0.1", port.number()));
  }

  /** Starts an exchange on a thread of its own. */
  private static CompletableFuture<List<String>> start(
      Rendezvous worker, String line, Duration timeout) {
    CompletableFuture<List<String>> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(worker.exchange(line, timeout));
              } catch (RuntimeException e) {
                result.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  private static Throwable failure(CompletableFuture<?> result) {
    try {
      result.join();
    } catch (CompletionException e) {
      return Objects.requireNonNull(e.getCause());
    }
    throw new AssertionError("did not fail");
  }

  @Test
  void exchange_givesTheLinesOfAllByRank_repeatedly() {
    List<Rendezvous> workers = List.of(worker(2, 3), worker(0, 3), worker(1, 3));
    for (String round : List.of("a", "b\"\n{}")) {
      List<CompletableFuture<List<String>>> results = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        results.add(start(workers.get(i), round + (i + 2) % 3, LONG));
      }
      results.forEach(
          result -> assertThat(result.join()).containsExactly(round + 0, round + 1, round + 2));
    }
    assertThat(workers.get(0).address().getHostAddress()).isEqualTo("127.0.0.1");
  }

  @Test
  void exchange_ignoresStrangers() throws IOException {
    CompletableFuture<List<String>> first = start(worker(0, 2), "x", LONG);
    String[] said = {"GET / HTTP/1.1\r\n\r\n", "{\"rank\":\"1\"}\n", "[]\n"};
    for (String line : said) {
      try (Socket stranger = connect()) {
        stranger.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
        assertThat(stranger.getInputStream().read()).isEqualTo(-1);
      }
    }
    assertThat(worker(1, 2).exchange("y", LONG)).containsExactly("x", "y");
    assertThat(first.join()).containsExactly("x", "y");
  }

  private Socket connect() throws IOException {
    while (true) {
      try {
        return new Socket("127.0.0.1", port.number());
      } catch (IOException e) {
        Thread.onSpinWait(); // It does not listen yet.
      }
    }
  }

  /** Says what a worker says first. */
  private static void greet(Socket socket, Workers worker) throws IOException {
    String line = Lines.message(worker, "") + "\n";
    socket.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void workersThatDoNotCome_areNamed() {
    int seconds = 1;
    CompletableFuture<List<String>> third = start(worker(2, 4), "", LONG);
    Throwable failure = failure(start(worker(0, 4), "", Duration.ofSeconds(seconds)));
    // On a busy machine the third does not come in time, either.
    while (failure.toString().contains("ranks 1, 2, 3 ")) {
      port.close();
      port = new HeldPort();
      seconds *= 2;
      third = start(worker(2, 4), "", LONG);
      failure = failure(start(worker(0, 4), "", Duration.ofSeconds(seconds)));
    }
    assertThat(failure)
        .isInstanceOf(WorkersException.class)
        .hasMessage(
            "ranks 1, 3 of 4 workers did not answer within %s s; see what was printed there, and start all again",
            seconds);
    assertThat(failure(third))
        .isInstanceOf(WorkersException.class)
        .hasMessage(failure.getMessage());
  }

  @Test
  void workerThatEnds_isNamedByTheNextExchange() throws IOException {
    Rendezvous first = worker(0, 2);
    CompletableFuture<List<String>> result = start(first, "", LONG);
    try (Socket second = connect()) {
      greet(second, Workers.of(1, 2, "x", 1));
      result.join();
    }
    assertThatExceptionOfType(WorkersException.class)
        .isThrownBy(() -> first.exchange("", LONG))
        .withMessage("rank 1 of 2 workers ended; see what was printed there, and start all again");
  }

  @Test
  void others_waitForTheFirst_whichNeedsNoneOfThem() throws IOException {
    Workers silent = Workers.of(0, 3, "127.0.0.1", port.number()).timeout(Duration.ofSeconds(1));
    Rendezvous first = Rendezvous.of(silent);
    Rendezvous second = worker(1, 3);
    CompletableFuture<List<String>> greeting = start(first, "", LONG);
    CompletableFuture<List<String>> answer = start(second, "", LONG);
    try (Socket third = connect()) {
      greet(third, Workers.of(2, 3, "x", 1));
      greeting.join();
      answer.join();
      CompletableFuture<Void> waiting = CompletableFuture.runAsync(second::awaitFirst);
      assertThatExceptionOfType(TimeoutException.class)
          .isThrownBy(() -> waiting.get(300, TimeUnit.MILLISECONDS));
      first.awaitFirst(); // The third is silent.
      waiting.join();
    }
    first.awaitFirst(); // The third has ended, and the second has nothing more to say.
  }

  @Test
  void waitingForTheFirst_endsWithIt() throws IOException {
    try (ServerSocket server = new ServerSocket(0)) {
      Workers second = Workers.of(1, 2, "127.0.0.1", server.getLocalPort());
      CompletableFuture<Void> result =
          CompletableFuture.runAsync(() -> Rendezvous.of(second).awaitFirst());
      server.accept().close();
      assertThat(failure(result))
          .isInstanceOf(WorkersException.class)
          .hasMessageMatching(
              "worker 0 at 127.0.0.1:\\d+ did not answer worker 1 \\(it has ended\\);.*");
    }
  }

  @Test
  void coordinatorThatDoesNotAnswer_isNamed() {
    Workers workers = Workers.of(1, 2, "127.0.0.1", port.number());
    assertThatExceptionOfType(WorkersException.class)
        .isThrownBy(() -> new Member(workers, SHORT).exchange("", SHORT))
        .withMessageMatching(
            "worker 0 at 127.0.0.1:\\d+ did not answer worker 1 within 0 s \\((Connect|SocketTimeout).*\\);"
                + " start all again, all with its address");
  }

  @Test
  void socketThatIsConnectedToItself_isNoCoordinator() throws IOException {
    try (Socket socket = new Socket()) {
      socket.bind(new InetSocketAddress("127.0.0.1", 0));
      socket.connect(socket.getLocalSocketAddress());
      assertThat(Member.isToItself(socket)).isTrue();
    }
    try (ServerSocket server = new ServerSocket(0);
        Socket socket = new Socket("127.0.0.1", server.getLocalPort())) {
      assertThat(Member.isToItself(socket)).isFalse();
    }
  }

  @Test
  void otherVersion_isRefused() {
    Workers first = Workers.of(0, 2, "127.0.0.1", port.number());
    CompletableFuture<Cluster> second =
        CompletableFuture.supplyAsync(
            () -> Cluster.meet(Workers.of(1, 2, "127.0.0.1", port.number()), "0.3"));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Cluster.meet(first, "0.2"))
        .withMessage(
            "version must be the same on all workers, is 0.2 on rank 0 and 0.3 on rank 1; start all with the"
                + " same command, images and run folder");
    assertThat(failure(second)).isInstanceOf(LaminaException.class);
  }

  /** The same command means another number format on another processor. */
  @Test
  void otherPrecision_isRefused_withTheOptionThatSetsIt() {
    Workers first = Workers.of(0, 2, "127.0.0.1", port.number());
    CompletableFuture<Void> second =
        CompletableFuture.runAsync(
            () ->
                Cluster.meet(Workers.of(1, 2, "127.0.0.1", port.number()), "0.2")
                    .agree(Map.of("precision", "FLOAT32")));
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Cluster.meet(first, "0.2").agree(Map.of("precision", "BFLOAT16")))
        .withMessage(
            "precision must be the same on all workers, is BFLOAT16 on rank 0 and FLOAT32 on rank 1; set it on"
                + " all, with --precision or Trainer.Builder.precision");
    assertThat(failure(second)).isInstanceOf(LaminaException.class);
  }

  @Test
  void rankTwice_isRefused() {
    CompletableFuture<List<String>> first = start(worker(0, 3), "", LONG);
    CompletableFuture<List<String>> second = start(worker(1, 3), "", LONG);
    CompletableFuture<List<String>> again = start(worker(1, 3), "", LONG);
    String message = "every worker must have another rank, two have rank 1; start each rank once";
    assertThat(failure(first)).hasMessage(message);
    // One of the two was replaced by the other.
    assertThat(CompletableFuture.anyOf(second, again)).failsWithin(LONG);
  }

  @Test
  void otherSize_isRefused() {
    CompletableFuture<List<String>> first = start(worker(0, 2), "", LONG);
    String message = "all workers must be started with the same size, rank 0 is of 2, rank 1 of 3";
    assertThat(failure(start(worker(1, 3), "", LONG))).hasMessage(message);
    assertThat(failure(first)).hasMessage(message);
  }

  @Test
  void portInUse_isNamed() throws IOException {
    try (ServerSocket other = new ServerSocket(port.number())) {
      assertThatExceptionOfType(LaminaException.class)
          .isThrownBy(() -> worker(0, 2).exchange("", LONG))
          .withMessageStartingWith(
              "worker 0 cannot listen at 127.0.0.1:" + other.getLocalPort() + " (");
    }
  }
}
