package dev.lamina.serve;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * One deadline for each connection: for its next request, for the body of one, or for taking the
 * answer. An idle timeout alone would let a client send a byte now and then, for ever.
 */
final class Deadlines implements Connection.Listener {
  private static final byte[] TOO_SLOW = Answers.error("a request must arrive faster");

  private final Scheduler scheduler;
  private final Duration nextRequest;
  private final Map<Connection, Scheduler.Task> tasks = new ConcurrentHashMap<>();

  /**
   * Without connections yet.
   *
   * @param nextRequest how long the headers of the next request may take, silence included
   */
  Deadlines(Scheduler scheduler, Duration nextRequest) {
    this.scheduler = scheduler;
    this.nextRequest = nextRequest;
  }

  /** Gives the connection time for its next request. */
  void awaitRequest(Connection connection) {
    set(connection, nextRequest, () -> refuse(connection.getEndPoint()));
  }

  /** Sets the deadline, in place of the one before. */
  void set(Connection connection, Duration time, Runnable late) {
    replace(connection, scheduler.schedule(late, time));
    if (!connection.getEndPoint().isOpen()) {
      clear(connection);
    }
  }

  /** There is no deadline any more. */
  void clear(Connection connection) {
    Scheduler.Task task = tasks.remove(connection);
    if (task != null) {
      task.cancel();
    }
  }

  private void replace(Connection connection, Scheduler.Task task) {
    Scheduler.Task before = tasks.put(connection, task);
    if (before != null) {
      before.cancel();
    }
  }

  /** Nothing of an answer has been sent yet, so that this is one. */
  private static void refuse(EndPoint endPoint) {
    String head =
        "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nContent-Length: %s\r\n"
            .formatted(TOO_SLOW.length);
    ByteBuffer[] answer = {
      ByteBuffer.wrap((head + "Connection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII)),
      ByteBuffer.wrap(TOO_SLOW)
    };
    endPoint.write(Callback.from(endPoint::close, endPoint::close), answer);
  }

  @Override
  public void onOpened(Connection connection) {
    awaitRequest(connection);
  }

  @Override
  public void onClosed(Connection connection) {
    clear(connection);
  }
}
