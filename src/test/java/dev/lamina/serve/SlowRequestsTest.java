package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Requests that take longer than the server waits. On a busy machine this client may be late where
 * it does not mean to be: then it asks again.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SlowRequestsTest {
  private static final String PREDICT = "/v1/models/lamina:predict";
  private static final String POST = "POST " + PREDICT + " HTTP/1.1\r\nHost: x\r\n";
  private static final String GET = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
  private static final Duration WAIT = Duration.ofMillis(500);
  private static final String TIMED_OUT = "HTTP/1\\.1 408 ";
  private static final int MAX_TRIES = 20;

  private interface Request {
    String send() throws IOException;
  }

  @TempDir private static Path folder;
  private static ModelServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    TinyExport.write(folder);
    server =
        ModelServer.start(
            folder, ServerOptions.create().port(0).requestTimeout(WAIT).idleTimeout(WAIT));
    client = new Client(server.uri());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void nextGoodRequest_isAnswered() {
    String body = "{\"instances\": [" + TinyExport.json(1) + "]}";
    String request = POST + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n";
    answers(
        "HTTP/1\\.1 200 .*\"predictions\":\\[.*",
        () -> client.raw(request, body.getBytes(StandardCharsets.US_ASCII)));
  }

  @Test
  void headers() {
    answers(
        TIMED_OUT + ".*\\{\"error\":\"request timed out after 1000 ms\"}", () -> drip(GET + "A: "));
  }

  @Test
  void headers_ofTheSecondRequest() {
    answers("HTTP/1\\.1 200 .*" + TIMED_OUT + ".*", () -> drip(GET + "\r\n" + GET + "A: "));
  }

  @Test
  void body() {
    answers(
        TIMED_OUT + ".*\\{\"error\":\"request timed out after 500 ms\"}",
        () -> drip(POST + "Content-Length: 50000\r\n\r\n"));
  }

  /** Fewer bytes than declared, then no more data. */
  @Test
  void falseContentLength() {
    answers(
        TIMED_OUT + ".*", () -> client.raw(POST + "Content-Length: 1000\r\n\r\n", new byte[10]));
  }

  @Test
  void silence() throws IOException {
    // The server closes the connection.
    assertThat(client.raw("", new byte[0])).isEmpty();
  }

  private static void answers(String regex, Request request) {
    String answer = "";
    for (int i = 0; i < MAX_TRIES && !answer.matches("(?s)" + regex); i++) {
      try {
        answer = request.send();
      } catch (IOException e) {
        answer = e.toString();
      }
    }
    assertThat(answer).matches("(?s)" + regex);
  }

  /** Sends a byte every 100 ms, more often than the idle timeout, until it is told to stop. */
  private static String drip(String begin) throws IOException {
    try (Socket socket = client.open()) {
      OutputStream out = socket.getOutputStream();
      out.write(begin.getBytes(StandardCharsets.US_ASCII));
      StringBuilder answer = new StringBuilder();
      socket.setSoTimeout(100);
      byte[] some = new byte[1000];
      while (answer.indexOf("\"error\"") < 0) {
        try {
          int count = socket.getInputStream().read(some);
          if (count < 0) {
            return answer.toString();
          }
          answer.append(new String(some, 0, count, StandardCharsets.UTF_8));
        } catch (SocketTimeoutException e) {
          out.write('a'); // No response yet.
        }
      }
      return answer.toString();
    }
  }
}
