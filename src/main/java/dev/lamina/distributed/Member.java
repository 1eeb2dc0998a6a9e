package dev.lamina.distributed;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.lamina.io.Messages;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@link Rendezvous} of every worker but worker 0. */
final class Member implements Rendezvous {
  private static final Duration BETWEEN_TRIES = Duration.ofMillis(100);

  /** How long one try to connect may take. */
  private static final long CONNECT_MILLIS = 5_000;

  /** Worker 0 answers late if it waits for others: it gives up first. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final Duration FOR_EVER = Duration.ofDays(365);

  private final Workers workers;
  private final Duration patience;
  private @Nullable Connection connection;

  Member(Workers workers) {
    this(workers, PATIENCE);
  }

  /** For tests: with less patience. */
  Member(Workers workers, Duration patience) {
    this.workers = workers;
    this.patience = patience;
  }

  @Override
  public InetAddress address() {
    if (connection == null) {
      throw new IllegalStateException("not connected");
    }
    return connection.localAddress();
  }

  @Override
  public List<String> exchange(String mine, Duration timeout) {
    // Before it connects: worker 0 does not wait long for whoever has connected.
    String message = Lines.message(workers, mine);
    long now = System.nanoTime();
    long deadline = now + timeout.plus(patience).toNanos();
    try {
      Connection open = connection == null ? connect(now + timeout.toNanos()) : connection;
      connection = open;
      open.write(message);
      return Lines.lines(open.read(deadline));
    } catch (IOException e) {
      boolean waited = connection == null || e instanceof SocketTimeoutException;
      throw new WorkersException(
          "worker 0 at %s:%s did not answer worker %s%s (%s); start all again, all with its address"
              .formatted(
                  workers.host(),
                  workers.port(),
                  workers.rank(),
                  waited ? " within " + timeout.toSeconds() + " s" : "",
                  Messages.reason(e)),
          e);
    }
  }

  @Override
  public void awaitFirst() {
    exchange("", FOR_EVER);
  }

  /**
   * Returns whether a socket is connected to itself. Where nobody listens at a port that the system
   * may choose for the client's side, it may choose just that one, and TCP connects the two.
   */
  static boolean isToItself(Socket socket) {
    return socket.getLocalSocketAddress().equals(socket.getRemoteSocketAddress());
  }

  /** Tries until worker 0 listens; its name may be unknown until it has been started. */
  private Connection connect(long deadline) throws IOException {
    while (true) {
      Socket socket = new Socket();
      try {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        // The name of a worker that was started again may lead to its old address for a while.
        int millis = (int) Math.max(1, Math.min(CONNECT_MILLIS, left));
        socket.connect(new InetSocketAddress(workers.host(), workers.port()), millis);
        if (isToItself(socket)) {
          throw new ConnectException("Connection refused");
        }
        return new Connection(socket);
      } catch (IOException e) {
        socket.close();
        if (System.nanoTime() >= deadline) {
          throw e;
        }
        Uninterruptibles.sleepUninterruptibly(BETWEEN_TRIES);
      }
    }
  }
}
