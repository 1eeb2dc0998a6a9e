package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.primitives.Bytes;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Requests that mean no good. After each of them the next good one is answered. The server waits
 * longer than any test takes, so that a busy machine changes nothing; for what takes too long see
 * {@link SlowRequestsTest}.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class HostileRequestsTest {
  private static final String PREDICT = "/v1/models/lamina:predict";
  private static final String IMAGE = "/v1/models/lamina:predictImage";
  private static final Duration LONG = Duration.ofHours(1);
  private static final int MAX_BODY = 100_000;
  private static final String POST = "POST " + PREDICT + " HTTP/1.1\r\nHost: x\r\n";

  @TempDir private static Path folder;
  private static ModelServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    TinyExport.write(folder);
    server =
        ModelServer.start(
            folder,
            ServerOptions.create()
                .port(0)
                .maxBatchSize(4)
                .maxQueue(9)
                .maxBody(MAX_BODY)
                .requestTimeout(LONG)
                .idleTimeout(LONG));
    client = new Client(server.uri());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void nextGoodRequest_isAnswered() {
    assertThat(
            Client.good(client.post(PREDICT, "{\"instances\": [" + TinyExport.json(1) + "]}"))
                .get("predictions"))
        .hasSize(1);
  }

  private static String predict(String body) {
    return Client.error(client.post(PREDICT, body), 400);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          []                                     | body must be a JSON object, got an array
          7                                      | body must be a JSON object, got 7
          {}                                     | body must have 'instances' or 'inputs', got neither
          {"instances": 1}                       | instances must be an array of images, got 1
          {"instances": []}                      | instances must have at least one image, got none
          {"inputs": []}                         | inputs must have at least one image, got none
          {"inputs": null}                       | inputs must be an array of images, got null
          {"inputs": {}}                         | inputs must have the key 'images', got nothing
          {"inputs": {"image": []}}              | inputs must have the key 'images', got 'image'
          {"instances": [1]}                     | instances[0] must be an array of 8, got 1
          {"instances": ["x"]}                   | instances[0] must be an array of 8, got the string x
          {"instances": [{}]}                    | instances[0] must have the key 'images', got nothing
          {"instances": [{"b64": "AAAA"}]}       | instances[0] must have the key 'images', got 'b64'
          {"instances": [[]]}                    | instances[0] must be an array of 8, got 0 elements
          {"instances": [[[[1, 2, 3]]]]}         | instances[0][0] must be an array of 12, got 1 elements
          {"signature_name": 3}                  | signature_name must be a string, got 3
          {"signature_name": "other"}            | signature_name must be one of [features, from_encoded, serving_default], got other
          {"signature_name": "from_encoded", "instances": ["x"]}               | instances[0] must be an object {"b64": ...}, got the string x
          {"signature_name": "from_encoded", "instances": [{}]}                | instances[0] must have the key 'b64', got nothing
          {"signature_name": "from_encoded", "instances": [{"b64": 1}]}        | instances[0].b64 must be a base64 string, got 1
          {"signature_name": "from_encoded", "instances": [{"b64": "AAAA"}]}   | instances[0].b64 is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or remove it
          {"signature_name": "from_encoded", "instances": [{"b64": ""}]}       | instances[0].b64 is empty (0 bytes); remove it or copy it again
          {"signature_name": "from_encoded", "inputs": {"b64": "AAAA"}}        | inputs must have the key 'image_bytes', got 'b64'
          """)
  void badBodies(String body, String message) {
    assertThat(predict(body)).isEqualTo(message);
  }

  @Test
  void malformedJson() {
    assertThat(predict("")).isEqualTo("body must be a JSON object, got nothing");
    for (String body : List.of("{", "{\"instances\": [", "nonsense", "{\"a\" 1}", "{'a': 1}")) {
      assertThat(predict(body))
          .startsWith("body must be JSON of at most 16 levels, line 1 column ");
    }
    assertThat(predict("{\"instances\": [" + TinyExport.json(0) + "]} {}"))
        .isEqualTo("body must end after its object, got an object");
    assertThat(
            predict(
                "{\"instances\": [%s], \"inputs\": [%s]}"
                    .formatted(TinyExport.json(0), TinyExport.json(1))))
        .isEqualTo(
            "body must have one of 'instances' and 'inputs', once; got instances and inputs");
  }

  @Test
  void pixels_mustBeBytes() {
    String good = TinyExport.json(0);
    String first = good.substring(3, good.indexOf(','));
    for (String bad :
        List.of("300", "-1", "1e999", "1.5", "99999999999999999999", "true", "null", "[1]", "{}")) {
      String got = bad.equals("[1]") ? "an array" : bad.equals("{}") ? "an object" : bad;
      String body = "{\"instances\": [" + good.replaceFirst(first, bad) + "]}";
      assertThat(predict(body))
          .isEqualTo("instances[0][0][0][0] must be a whole number from 0 to 255, got " + got);
    }
    // Longer than the limit of the JSON parser, and longer than a message shows.
    assertThat(predict("{\"instances\": [" + good.replaceFirst(first, "9".repeat(2000)) + "]}"))
        .startsWith("body must be JSON of at most 16 levels, line 1 column ");
    assertThat(predict("{\"instances\": [" + good.replaceFirst(first, "9".repeat(900)) + "]}"))
        .isEqualTo(
            "instances[0][0][0][0] must be a whole number from 0 to 255, got "
                + "9".repeat(200)
                + "...");
  }

  @Test
  void shapes_mustFit() {
    String good = TinyExport.json(0);
    assertThat(predict("{\"instances\": [" + good.substring(0, good.length() - 1) + ", []]]}"))
        .isEqualTo("instances[0] must be an array of 8, got more elements");
    assertThat(predict("{\"inputs\": {\"images\": [" + good + "], \"more\": 1}}"))
        .isEqualTo("inputs must have no other key, got 'more'");
    assertThat(predict("{\"instances\": [" + good + ", {\"images\": " + good + ", \"more\": 1}]}"))
        .isEqualTo("instances[1] must have no other key, got 'more'");
  }

  @Test
  void deepNesting() {
    assertThat(predict("[".repeat(50_000))).isEqualTo("body must be a JSON object, got an array");
    for (String opening : List.of("[", "{\"a\":")) {
      for (String key : List.of("instances", "inputs", "more")) {
        assertThat(predict("{\"" + key + "\":" + opening.repeat(9_000)))
            .startsWith("body must be JSON of at most 16 levels, line 1 column ");
      }
    }
  }

  @Test
  void tooManyImages() {
    String body = "{\"instances\": " + Collections.nCopies(10, TinyExport.json(0)) + "}";
    assertThat(Client.error(client.post(PREDICT, body), 413))
        .isEqualTo("a request must have at most 9 images, got more");
  }

  @Test
  void decompressionBombs() {
    byte[] bomb = TinyExport.bomb(60_000);
    assertThat(Client.error(client.post(IMAGE, "image/png", bomb), 400))
        .isEqualTo(
            "image is 60000 x 60000 (width x height), must have at most 67108864 pixels; scale it first");
    assertThat(
            predict(
                "{\"signature_name\": \"from_encoded\", \"instances\": [%s, %s]}"
                    .formatted(TinyExport.base64(TinyExport.png(0)), TinyExport.base64(bomb))))
        .isEqualTo(
            "instances[1].b64 is 60000 x 60000 (width x height), must have at most 67108864 pixels;"
                + " scale it first");
    assertThat(Client.error(client.post(IMAGE, "image/png", TinyExport.bomb(5_000)), 400))
        .startsWith("image has only ")
        .contains(" bytes, too few for the 5000 x 5000 pixels (width x height) in its header; ");
  }

  @Test
  void longImage() {
    byte[] png =
        TinyExport.encode(new BufferedImage(9_600_000, 1, BufferedImage.TYPE_BYTE_GRAY), "png");
    assertThat(Client.error(client.post(IMAGE, "image/png", png), 400))
        .isEqualTo(
            "image is 9600000 x 1 (width x height), must be at most 8388608 x 5592405 to be resized to"
                + " 12 x 8; crop it first");
  }

  @Test
  void damagedImages() {
    byte[] png = TinyExport.png(0);
    assertThat(
            Client.error(client.post(IMAGE, "image/png", Arrays.copyOf(png, png.length - 40)), 400))
        .startsWith("image cannot be decoded as PNG (")
        .endsWith("); save it again as PNG or JPEG, or remove it if it is damaged");
    assertThat(Client.error(client.post(IMAGE, "image/png", new byte[0]), 400))
        .isEqualTo("image is empty (0 bytes); remove it or copy it again");
    byte[] wbmp = {0, 0, 8, 1, 0x55};
    assertThat(Client.error(client.post(IMAGE, "image/vnd.wap.wbmp", wbmp), 400))
        .isEqualTo(
            "image is not an image of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP); convert it to PNG or JPEG, or"
                + " remove it");
  }

  @Test
  void badForms() {
    assertThat(Client.error(client.post(IMAGE, "multipart/form-data", new byte[9]), 400))
        .isEqualTo("Content-Type must have a boundary, got none");
    String malformed = "body must be well-formed multipart/form-data with at most 8 parts";
    String part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n";
    String type = "multipart/form-data; boundary=x";
    for (String form : List.of("", "nonsense", part, part.repeat(9) + "--x--\r\n")) {
      assertThat(Client.error(client.post(IMAGE, type, form.getBytes(StandardCharsets.UTF_8)), 400))
          .isEqualTo(malformed);
    }
    assertThat(
            Client.error(
                client.post(IMAGE, type, (part + "--x--\r\n").getBytes(StandardCharsets.UTF_8)),
                400))
        .isEqualTo("form must have a file, got none");
    String file =
        "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\n\r\nb\r\n";
    String files = file + part + file + "--x--\r\n";
    assertThat(Client.error(client.post(IMAGE, type, files.getBytes(StandardCharsets.UTF_8)), 400))
        .isEqualTo(
            "form must have one file, got 2; send a request for each, or all as base64 to :predict with"
                + " signature_name from_encoded");
    // What browsers send of an input without a file.
    String empty = file.replace("a.png", "").replace("\r\nb\r\n", "\r\n\r\n") + "--x--\r\n";
    assertThat(Client.error(client.post(IMAGE, type, empty.getBytes(StandardCharsets.UTF_8)), 400))
        .isEqualTo("form must have a file, got none");
  }

  @Test
  void compressedBodies() {
    for (String encoding : List.of("gzip", "deflate", "br")) {
      HttpResponse<String> response =
          client.send(
              client
                  .request(PREDICT)
                  .header("Content-Encoding", encoding)
                  .POST(BodyPublishers.ofByteArray(new byte[1000])));
      assertThat(Client.error(response, 415))
          .isEqualTo("Content-Encoding must not be used, got " + encoding);
    }
    HttpResponse<String> none =
        client.send(
            client
                .request(PREDICT)
                .header("Content-Encoding", "identity")
                .POST(BodyPublishers.ofString("{}")));
    assertThat(none.statusCode()).isEqualTo(400);
  }

  @Test
  void unknownPathsAndMethods() {
    String paths =
        "path must be /, /healthz, /readyz, /metrics or"
            + " /v1/models/lamina[/metadata|:predict|:predictImage], got ";
    for (String path :
        List.of("/x", "/v1/models", "/v1/models/", "/v1/models/lamina:regress", "/v1/models/a/b")) {
      assertThat(Client.error(client.get(path), 404)).isEqualTo(paths + path);
    }
    assertThat(Client.error(client.post("/v1/models/half:predict", "{}"), 404))
        .isEqualTo("model must be lamina, got half");
    assertThat(Client.error(client.get("/v1/models/lamina/versions/3"), 404))
        .isEqualTo("version must be 2, got 3");
    HttpResponse<String> get = client.get(PREDICT);
    assertThat(Client.error(get, 405)).isEqualTo("method must be POST for this path, got GET");
    assertThat(get.headers().firstValue("allow")).contains("POST");
    for (String method : List.of("POST", "PUT", "DELETE", "OPTIONS", "NONSENSE")) {
      HttpResponse<String> response =
          client.send(client.request("/healthz").method(method, BodyPublishers.ofString("x")));
      assertThat(Client.error(response, 405))
          .isEqualTo("method must be GET for this path, got " + method);
    }
  }

  @Test
  void longBody() throws IOException {
    String tooLong = "body must have at most 100000 bytes, got more";
    assertThat(Client.error(client.post(PREDICT, " ".repeat(MAX_BODY + 1)), 413))
        .isEqualTo(tooLong);
    // Content-Length is enough to reject the request.
    try (Socket socket = client.open()) {
      socket
          .getOutputStream()
          .write(
              (POST + "Content-Length: 99999999999\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("HTTP/1.1 413 ")
          .contains(tooLong);
    }
  }

  @Test
  void endlessBody() throws IOException {
    try (Socket socket = client.open()) {
      OutputStream out = socket.getOutputStream();
      out.write((POST + "Transfer-Encoding: chunked\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      byte[] chunk = ("1000\r\n" + " ".repeat(0x1000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      // Ten times the limit; the response is received nevertheless.
      for (int i = 0; i < 10 * MAX_BODY / 0x1000; i++) {
        out.write(chunk);
      }
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer)
          .startsWith("HTTP/1.1 413 ")
          .containsIgnoringCase("\r\nConnection: close\r\n")
          .endsWith("{\"error\":\"body must have at most 100000 bytes, got more\"}");
    }
  }

  /** A connection that is closed with unread bytes is reset. */
  @ParameterizedTest
  @CsvSource({
    "/x, Content-Length: 10485760, 404, got /x",
    "/healthz, Content-Length: 10485760, 405, 'method must be GET for this path, got POST'",
    "/healthz, Transfer-Encoding: chunked, 405, 'method must be GET for this path, got POST'"
  })
  void bodyThatNobodyReads(String path, String header, int status, String message)
      throws IOException {
    byte[] body = new byte[10 << 20];
    if (header.endsWith("chunked")) {
      byte[] begin = "9ffff7\r\n".getBytes(StandardCharsets.US_ASCII);
      byte[] end = "\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
      body = Bytes.concat(begin, new byte[0x9ffff7], end);
    }
    assertThat(
            client.raw("POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n".formatted(path, header), body))
        .startsWith("HTTP/1.1 " + status + " ")
        .endsWith(message + "\"}");
  }

  @Test
  void falseContentLength() throws IOException {
    // Fewer bytes than declared, then the connection is closed.
    try (Socket socket = client.open()) {
      socket
          .getOutputStream()
          .write((POST + "Content-Length: 1000\r\n\r\n{}").getBytes(StandardCharsets.US_ASCII));
      socket.shutdownOutput();
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("HTTP/1.1 400 ");
    }
    // More bytes than declared: the rest is parsed as another request, which is malformed.
    assertThat(
            client.raw(
                POST + "Content-Length: 2\r\n\r\n",
                "{}{}{}\r\n\r\n".getBytes(StandardCharsets.US_ASCII)))
        .contains("body must have 'instances' or 'inputs', got neither")
        .contains("HTTP/1.1 400 ")
        .contains("{\"error\":\"request must be well-formed HTTP: ");
    for (String lie :
        List.of(
            "Content-Length: -1",
            "Content-Length: 1x",
            "Content-Length: 2\r\nContent-Length: 3",
            "Content-Length: 2\r\nTransfer-Encoding: chunked")) {
      assertThat(client.raw(POST + lie + "\r\n\r\n", new byte[] {'{', '}'}))
          .as(lie)
          .startsWith("HTTP/1.1 400 ")
          .contains("{\"error\":\"");
    }
  }

  @Test
  void malformedHttp() throws IOException {
    for (String head :
        List.of(
            "nonsense\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + "a".repeat(20_000) + "\r\n\r\n",
            "GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n")) {
      String answer = client.raw(head, new byte[0]);
      assertThat(answer)
          .matches("(?s)HTTP/1\\.1 (400|414|431|505) .*\\{\"error\":\"[^\n]*\"\\}")
          .doesNotContain("Exception")
          .doesNotContain("\tat ");
    }
  }

  @Test
  void hundredsOfConnections_thatAreLeft() throws IOException {
    List<Socket> sockets = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      Socket socket = client.open();
      socket.getOutputStream().write(POST.getBytes(StandardCharsets.US_ASCII));
      sockets.add(socket);
    }
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
