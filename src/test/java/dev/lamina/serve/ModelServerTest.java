package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lamina.graph.GraphSession;
import dev.lamina.io.LaminaException;
import dev.lamina.model.Model;
import dev.lamina.model.Prediction;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TUint8;

/** What a server answers, against the model that was exported. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ModelServerTest {
  private static final String PREDICT = "/v1/models/lamina:predict";
  private static final int COUNT = TinyExport.IMAGES.size();

  @TempDir private static Path folder;
  private static Model model = TinyExport.model();
  private static ModelServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    TinyExport.write(model, folder);
    server = ModelServer.start(folder, ServerOptions.create().port(0).maxBatchSize(4));
    client = new Client(server.uri());
  }

  @AfterAll
  static void stop() {
    server.close();
    model.close();
  }

  private static String list(java.util.function.IntFunction<String> image) {
    List<String> images = new ArrayList<>();
    for (int i = 0; i < COUNT; i++) {
      images.add(image.apply(i));
    }
    return images.toString();
  }

  private static void check(JsonNode row, int image) {
    check(row, image, model.logits(TinyExport.IMAGES)[image]);
  }

  private static void check(JsonNode row, int image, float[] logits) {
    Prediction expected = model.predict(TinyExport.IMAGES).get(image);
    assertThat(row.size()).isEqualTo(4);
    assertThat(row.get("class_ids").isIntegralNumber()).isTrue();
    assertThat(row.get("class_ids").intValue()).isEqualTo(expected.best().classId());
    assertThat(row.get("labels").textValue()).isEqualTo(expected.best().label());
    assertThat(row.get("probabilities")).hasSize(TinyExport.CLASS_NAMES.size());
    for (int k = 0; k < logits.length; k++) {
      assertThat(row.get("probabilities").get(k).doubleValue())
          .isCloseTo(expected.probabilities().get(k), within(1e-5));
      assertThat(row.get("logits").get(k).floatValue()).isCloseTo(logits[k], within(1e-4f));
    }
  }

  @Test
  void answers_differFromImageToImage() {
    assertThat(
            model.predict(TinyExport.IMAGES).stream()
                .map(prediction -> prediction.best().probability())
                .distinct())
        .hasSize(COUNT);
  }

  @Test
  void rows() {
    JsonNode answer =
        Client.good(client.post(PREDICT, "{\"instances\": " + list(TinyExport::json) + "}"));
    assertThat(answer.size()).isEqualTo(1);
    assertThat(answer.get("predictions")).hasSize(COUNT);
    for (int i = 0; i < COUNT; i++) {
      check(answer.get("predictions").get(i), i);
    }
  }

  @Test
  void rowsThatNameTheirInput() {
    JsonNode answer =
        Client.good(
            client.post(
                PREDICT,
                "{\"instances\": "
                    + list(i -> "{\"images\": " + TinyExport.json(i) + "}")
                    + ", \"signature_name\": \"serving_default\", \"more\": [{\"is\": null}]}"));
    for (int i = 0; i < COUNT; i++) {
      check(answer.get("predictions").get(i), i);
    }
  }

  /** As clients send that take it from the metadata. */
  @Test
  void emptySignatureName_isNone() {
    String body = "{\"instances\": " + list(TinyExport::json) + ", \"signature_name\": \"\"}";
    check(Client.good(client.post(PREDICT, body)).get("predictions").get(0), 0);
  }

  @Test
  void columns_withAndWithoutTheInputsName() {
    String images = list(TinyExport::json);
    for (String inputs : List.of(images, "{\"images\": " + images + "}")) {
      JsonNode answer = Client.good(client.post(PREDICT, "{\"inputs\": " + inputs + "}"));
      assertThat(answer.size()).isEqualTo(1);
      JsonNode outputs = answer.get("outputs");
      for (int i = 0; i < COUNT; i++) {
        com.fasterxml.jackson.databind.node.ObjectNode row =
            new com.fasterxml.jackson.databind.ObjectMapper().createObjectNode();
        for (String name : List.of("class_ids", "labels", "logits", "probabilities")) {
          assertThat(outputs.get(name)).hasSize(COUNT);
          row.set(name, outputs.get(name).get(i));
        }
        check(row, i);
      }
    }
  }

  @Test
  void filesInBase64() {
    String named = "{\"image_bytes\": %s}";
    for (String body :
        List.of(
            "{\"instances\": " + list(i -> TinyExport.base64(TinyExport.png(i))),
            "{\"instances\": "
                + list(i -> named.formatted(TinyExport.base64(TinyExport.png(i)))))) {
      JsonNode answer =
          Client.good(client.post(PREDICT, body + ", \"signature_name\": \"from_encoded\"}"));
      for (int i = 0; i < COUNT; i++) {
        check(answer.get("predictions").get(i), i);
      }
    }
    JsonNode outputs =
        Client.good(
                client.post(
                    PREDICT,
                    "{\"signature_name\": \"from_encoded\", \"inputs\": {\"image_bytes\": "
                        + list(i -> TinyExport.base64(TinyExport.png(i)))
                        + "}}"))
            .get("outputs");
    for (int i = 0; i < COUNT; i++) {
      assertThat(outputs.get("labels").get(i).textValue())
          .isEqualTo(model.predict(TinyExport.IMAGES).get(i).best().label());
    }
  }

  @Test
  void features_areASingleOutputWithoutAName() {
    float[] expected;
    byte[] pixels = TinyExport.IMAGES.image(2);
    try (SavedModelBundle bundle = SavedModelBundle.load(folder.resolve("2").toString(), "serve");
        TUint8 images =
            TUint8.tensorOf(
                Shape.of(1, TinyExport.HEIGHT, TinyExport.WIDTH, 3), DataBuffers.of(pixels));
        var result = bundle.function("features").call(Map.of("images", images))) {
      expected = GraphSession.floats(result.get("features").orElseThrow());
    }
    String rest = ": [" + TinyExport.json(2) + "], \"signature_name\": \"features\"}";
    JsonNode row = Client.good(client.post(PREDICT, "{\"instances\"" + rest)).get("predictions");
    JsonNode column = Client.good(client.post(PREDICT, "{\"inputs\"" + rest)).get("outputs");
    assertThat(row).isEqualTo(column);
    assertThat(row).hasSize(1);
    assertThat(row.get(0)).hasSize(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(row.get(0).get(i).floatValue()).isCloseTo(expected[i], within(1e-5f));
    }
  }

  @Test
  void version_canBeNamed() {
    String body = "{\"instances\": [" + TinyExport.json(0) + "]}";
    check(
        Client.good(client.post("/v1/models/lamina/versions/2:predict", body))
            .get("predictions")
            .get(0),
        0);
    assertThat(Client.error(client.post("/v1/models/lamina/versions/1:predict", body), 404))
        .isEqualTo("version must be 2, got 1");
  }

  private static void checkTop(HttpResponse<String> response, int image) {
    JsonNode answer = Client.good(response);
    List<Prediction.Candidate> expected = model.predict(TinyExport.IMAGES).get(image).top(5);
    assertThat(answer.get("predictions")).hasSize(5);
    for (int i = 0; i < 5; i++) {
      JsonNode actual = answer.get("predictions").get(i);
      assertThat(actual.get("class_id").intValue()).isEqualTo(expected.get(i).classId());
      assertThat(actual.get("label").textValue()).isEqualTo(expected.get(i).label());
      assertThat(actual.get("probability").doubleValue())
          .isCloseTo(expected.get(i).probability(), within(1e-5));
    }
  }

  @Test
  void uploadedFile() {
    for (int i = 0; i < COUNT; i++) {
      checkTop(client.post("/v1/models/lamina:predictImage", "image/png", TinyExport.png(i)), i);
    }
    BufferedImage photo = new BufferedImage(320, 200, BufferedImage.TYPE_INT_RGB);
    assertThat(
            Client.good(
                    client.post(
                        "/v1/models/lamina/versions/2:predictImage",
                        "image/jpeg",
                        TinyExport.encode(photo, "jpg")))
                .get("predictions"))
        .hasSize(5);
  }

  private static String part(String disposition) {
    return "--xyz\r\nContent-Disposition: form-data; %s\r\n\r\n".formatted(disposition);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void uploadedForm() {
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    form.writeBytes(bytes(part("name=\"note\"") + "hello\r\n"));
    form.writeBytes(bytes(part("name=\"image\"; filename=\"ä.png\"")));
    form.writeBytes(TinyExport.png(3));
    // What browsers send of an input without a file.
    form.writeBytes(bytes("\r\n" + part("name=\"other\"; filename=\"\"")));
    form.writeBytes(bytes("\r\n--xyz--\r\n"));
    checkTop(
        client.post(
            "/v1/models/lamina:predictImage",
            "multipart/form-data; boundary=xyz",
            form.toByteArray()),
        3);
  }

  @Test
  void status_andMetadata_areTensorFlowServings() {
    HttpResponse<String> status = client.get("/v1/models/lamina");
    assertThat(status.body())
        .isEqualTo(
            "{\"model_version_status\":[{\"version\":\"2\",\"state\":\"AVAILABLE\",\"status\":"
                + "{\"error_code\":\"OK\",\"error_message\":\"\"}}]}");
    assertThat(client.get("/v1/models/lamina/versions/2").body()).isEqualTo(status.body());
    JsonNode metadata = Client.good(client.get("/v1/models/lamina/metadata"));
    assertThat(metadata.get("model_spec").toString())
        .isEqualTo("{\"name\":\"lamina\",\"signature_name\":\"\",\"version\":\"2\"}");
    JsonNode signatures = metadata.get("metadata").get("signature_def").get("signature_def");
    assertThat(
            StreamSupport.stream(((Iterable<String>) signatures::fieldNames).spliterator(), false))
        .containsExactly("features", "from_encoded", "serving_default");
    JsonNode signature = signatures.get("serving_default");
    assertThat(signature.get("method_name").textValue()).isEqualTo("tensorflow/serving/predict");
    JsonNode images = signature.get("inputs").get("images");
    assertThat(images.get("dtype").textValue()).isEqualTo("DT_UINT8");
    assertThat(images.get("tensor_shape").toString())
        .isEqualTo(
            "{\"dim\":[{\"size\":\"-1\",\"name\":\"\"},{\"size\":\"8\",\"name\":\"\"},"
                + "{\"size\":\"12\",\"name\":\"\"},{\"size\":\"3\",\"name\":\"\"}],\"unknown_rank\":false}");
    assertThat(signature.get("outputs").get("labels").get("dtype").textValue())
        .isEqualTo("DT_STRING");
  }

  @Test
  void health_readiness_andHead() {
    for (String path : List.of("/healthz", "/readyz")) {
      assertThat(client.get(path).statusCode()).isEqualTo(200);
      assertThat(client.get(path).body()).isEqualTo("ok\n");
    }
    HttpResponse<String> head =
        client.send(client.request("/v1/models/lamina").method("HEAD", BodyPublishers.noBody()));
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
  }

  @Test
  void page_isAllowedItsOwnScriptAlone() {
    HttpResponse<String> page = client.get("/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("content-type")).contains("text/html; charset=utf-8");
    assertThat(page.headers().firstValue("x-content-type-options")).contains("nosniff");
    assertThat(page.headers().firstValue("content-security-policy").orElseThrow())
        .matches(
            "default-src 'none'; script-src 'sha256-\\S{44}'; style-src 'sha256-\\S{44}'; img-src blob:"
                + " data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors"
                + " 'none'");
    assertThat(page.body())
        .contains("action=\"/v1/models/lamina:predictImage\"")
        .contains("accept=\"image/png,image/jpeg,image/gif,image/bmp,image/tiff,image/webp\"")
        .doesNotContain("{{")
        .doesNotContain("https://");
  }

  private static double metric(Client client, String name) {
    return client
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .sum();
  }

  @Test
  void metrics_countRequestsAndBatches() {
    String good = "lamina_requests_total{endpoint=\"predict\",status=\"200\"}";
    String bad = "lamina_requests_total{endpoint=\"predict\",status=\"400\"}";
    String latency = "lamina_request_duration_seconds_count{endpoint=\"predict\"}";
    String batches = "lamina_batch_size_count{signature=\"features\"}";
    String images = "lamina_batch_size_sum{signature=\"features\"}";
    try (ModelServer counting =
        ModelServer.start(folder, ServerOptions.create().port(0).maxBatchSize(4))) {
      Client asking = new Client(counting.uri());
      asking.post(
          PREDICT,
          "{\"signature_name\": \"features\", \"instances\": " + list(TinyExport::json) + "}");
      asking.post(PREDICT, "nonsense");
      // A request is counted after its response.
      while (metric(asking, latency) < 2) {
        Thread.onSpinWait();
      }
      // Seven images in batches of at most four.
      assertThat(Stream.of(good, bad, latency, batches, images).map(name -> metric(asking, name)))
          .containsExactly(1.0, 1.0, 2.0, 2.0, 7.0);
      HttpResponse<String> all = asking.get("/metrics");
      assertThat(all.headers().firstValue("content-type").orElseThrow())
          .startsWith("text/plain; version=0.0.4");
      assertThat(all.body())
          .contains("# TYPE lamina_batch_size histogram")
          .contains("lamina_queue_images{signature=\"serving_default\"} 0.0");
    }
  }

  @Test
  void close_answersWhatCameBefore() throws Exception {
    ModelServer closing =
        ModelServer.start(
            folder,
            ServerOptions.create()
                .port(0)
                .maxBatchSize(2)
                .batchTimeout(Duration.ofSeconds(1))
                .stopTimeout(Duration.ofMinutes(10)));
    Client asking = new Client(closing.uri());
    String request = "{\"instances\": [" + TinyExport.json(4) + "]}";
    CompletableFuture<HttpResponse<String>> answer =
        CompletableFuture.supplyAsync(() -> asking.post(PREDICT, request));
    String waiting = "lamina_queue_images{signature=\"serving_default\"} 1.0";
    while (!asking.get("/metrics").body().contains(waiting)) {
      // On a busy machine its second may be over before it is looked at.
      if (answer.isDone()) {
        answer = CompletableFuture.supplyAsync(() -> asking.post(PREDICT, request));
      }
    }
    closing.close();
    check(Client.good(answer.get()).get("predictions").get(0), 4);
    assertThatThrownBy(() -> asking.get("/healthz")).hasCauseInstanceOf(ConnectException.class);
  }

  @Test
  void export_mustBeOne() throws IOException {
    ServerOptions options = ServerOptions.create().port(0);
    Path missing = folder.resolve("missing");
    assertThatThrownBy(() -> ModelServer.start(missing, options))
        .isInstanceOf(LaminaException.class)
        .hasMessage(missing + " does not exist or is not a folder; check the path");
    Path empty = Files.createDirectories(folder.resolve("empty"));
    assertThatThrownBy(() -> ModelServer.start(empty, options))
        .isInstanceOf(LaminaException.class)
        .hasMessage(
            empty
                + " contains no exported model; name the folder of saved_model.pb, or the one of its"
                + " versions (1, 2, ...)");
    Path foreign = Files.createDirectories(folder.resolve("foreign"));
    Files.writeString(foreign.resolve("saved_model.pb"), "");
    assertThatThrownBy(() -> ModelServer.start(foreign, options))
        .isInstanceOf(LaminaException.class)
        .hasMessage(
            foreign
                + " is not an export of Lamina: it has no assets.extra/lamina.json; name the folder of"
                + " saved_model.pb");
    Files.createDirectories(foreign.resolve("assets.extra"));
    Files.copy(
        folder.resolve("2/assets.extra/lamina.json"), foreign.resolve("assets.extra/lamina.json"));
    Files.writeString(foreign.resolve("saved_model.pb"), "nonsense");
    assertThatThrownBy(() -> ModelServer.start(foreign, options))
        .isInstanceOf(LaminaException.class)
        .hasMessage(
            foreign
                + " cannot be loaded by TensorFlow (Read less bytes than requested); if it is damaged,"
                + " export the model again")
        .hasCauseInstanceOf(TensorFlowException.class);
  }

  @Test
  void portInUse_isOneLine() {
    int port = server.uri().getPort();
    assertThatThrownBy(() -> ModelServer.start(folder, ServerOptions.create().port(port)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching(
            "host and port must be a free address of this machine, got 127.0.0.1:"
                + port
                + " \\(.*\\); choose another");
  }
}
