package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.model.Model;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
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
 * Requests that take longer than the server waits. On a busy machine a good request may, too: it is
 * then asked again.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SlowRequestsTest {
  private static final String PREDICT = "/v1/models/lamina:predict";
  private static final String POST = "POST " + PREDICT + " HTTP/1.1\r\nHost: x\r\n";
  private static final String GET = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
  private static final Duration WAIT = Duration.ofMillis(500);
  private static final String TIMED_OUT = "HTTP/1.1 408 ";

  @TempDir private static Path folder;
  private static ModelServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    try (Model model = TinyExport.model()) {
      TinyExport.write(model, folder);
    }
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
    HttpResponse<String> response = client.post(PREDICT, body);
    while (response.statusCode() == 408) {
      response = client.post(PREDICT, body);
    }
    assertThat(Client.good(response).get("predictions")).hasSize(1);
  }

  @Test
  void headers() throws IOException {
    assertThat(drip(GET + "A: "))
        .startsWith(TIMED_OUT)
        .endsWith("{\"error\":\"request timed out after 1000 ms\"}");
  }

  @Test
  void headers_ofTheSecondRequest() throws IOException {
    String requests = GET + "\r\n" + GET + "A: ";
    String answer = drip(requests);
    while (answer.startsWith(TIMED_OUT)) {
      answer = drip(requests);
    }
    assertThat(answer).startsWith("HTTP/1.1 200 ").contains(TIMED_OUT);
  }

  @Test
  void body() throws IOException {
    assertThat(drip(POST + "Content-Length: 50000\r\n\r\n"))
        .startsWith(TIMED_OUT)
        .endsWith("{\"error\":\"request timed out after 500 ms\"}");
  }

  /** Fewer bytes than declared, then no more data. */
  @Test
  void falseContentLength() throws IOException {
    assertThat(client.raw(POST + "Content-Length: 1000\r\n\r\n", new byte[10]))
        .startsWith(TIMED_OUT);
  }

  @Test
  void silence() throws IOException {
    // The server closes the connection.
    assertThat(client.raw("", new byte[0])).isEmpty();
  }

  /** Sends a byte every 100 ms, more often than the idle timeout, until a response is received. */
  private static String drip(String begin) throws IOException {
    try (Socket socket = client.open()) {
      OutputStream out = socket.getOutputStream();
      out.write(begin.getBytes(StandardCharsets.US_ASCII));
      StringBuilder answer = new StringBuilder();
      socket.setSoTimeout(100);
      byte[] some = new byte[1000];
      while (true) {
        try {
          int count = socket.getInputStream().read(some);
          if (count < 0) {
            return answer.toString();
          }
          answer.append(new String(some, 0, count, StandardCharsets.UTF_8));
        } catch (SocketTimeoutException e) {
          // No response yet: continue.
        }
        if (answer.indexOf("408") < 0) {
          out.write('a');
        }
      }
    }
  }
}
