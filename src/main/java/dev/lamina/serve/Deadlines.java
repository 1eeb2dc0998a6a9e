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
 * One deadline per connection: for the next request, for its body, or for sending the response. An
 * idle timeout alone would let a client keep a connection for ever by sending single bytes.
 */
final class Deadlines implements Connection.Listener {
  private final Scheduler scheduler;
  private final Duration nextRequest;
  private final Map<Connection, Scheduler.Task> tasks = new ConcurrentHashMap<>();

  /**
   * Creates deadlines without connections.
   *
   * @param nextRequest the maximum time until the headers of the next request are complete
   */
  Deadlines(Scheduler scheduler, Duration nextRequest) {
    this.scheduler = scheduler;
    this.nextRequest = nextRequest;
  }

  /** Sets the deadline for the next request on a connection. */
  void awaitRequest(Connection connection) {
    set(connection, nextRequest, () -> reject(connection.getEndPoint()));
  }

  /** Sets the deadline of a connection, replacing the previous one. */
  void set(Connection connection, Duration time, Runnable late) {
    replace(connection, scheduler.schedule(late, time));
    if (!connection.getEndPoint().isOpen()) {
      clear(connection);
    }
  }

  /** Removes the deadline of a connection. */
  void clear(Connection connection) {
    Scheduler.Task task = tasks.remove(connection);
    if (task != null) {
      task.cancel();
    }
  }

  private void replace(Connection connection, Scheduler.Task task) {
    Scheduler.Task previous = tasks.put(connection, task);
    if (previous != null) {
      previous.cancel();
    }
  }

  /** Writes a complete response: no response has been started at this point. */
  private void reject(EndPoint endPoint) {
    byte[] error = JsonResponses.error(timedOut(nextRequest));
    String head =
        "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nContent-Length: %s\r\n"
            .formatted(error.length);
    ByteBuffer[] response = {
      ByteBuffer.wrap((head + "Connection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII)),
      ByteBuffer.wrap(error)
    };
    endPoint.write(Callback.from(endPoint::close, endPoint::close), response);
  }

  /** The message of status 408. */
  static String timedOut(Duration time) {
    return "request timed out after %s ms".formatted(time.toMillis());
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
