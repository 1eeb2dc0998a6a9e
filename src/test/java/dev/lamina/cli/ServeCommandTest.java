package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.lamina.model.Model;
import dev.lamina.torture.JavaProcess;
import dev.lamina.zoo.ResNetCifar;
import java.io.BufferedReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The serve command as a user starts and stops it. */
class ServeCommandTest {
  private static final int SIDE = 8;

  @TempDir private Path folder;

  @BeforeEach
  void export() {
    try (Model model = ResNetCifar.builder().width(1).imageSize(SIDE, SIDE).classes(3).build()) {
      model.export(folder.resolve("1"));
    }
  }

  @Test
  void sigterm_answersWhatCame_andEndsWell() throws Exception {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "Windows has no signals");
    Process process =
        JavaProcess.of(Main.class, "serve", folder, "--port", 0, "--batch-timeout-ms", 2000)
            .redirectError(folder.resolve("err.txt").toFile())
            .start();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine()).isEqualTo("serving    lamina version 1, 3 classes");
      assertThat(out.readLine()).matches("address    http://127\\.0\\.0\\.1:\\d+/");
      String predict = out.readLine();
      assertThat(predict).matches("predict    http://\\S+/v1/models/lamina:predict");

      URI uri = URI.create(predict.replaceAll(".* ", ""));
      HttpClient http = HttpClient.newHttpClient();
      String image = Arrays.deepToString(new int[SIDE][SIDE][3]);
      HttpRequest request =
          HttpRequest.newBuilder(uri)
              .POST(HttpRequest.BodyPublishers.ofString("{\"instances\": [" + image + "]}"))
              .build();
      CompletableFuture<HttpResponse<String>> answer =
          http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
      HttpRequest metrics = HttpRequest.newBuilder(uri.resolve("/metrics")).build();
      while (!http.send(metrics, HttpResponse.BodyHandlers.ofString())
          .body()
          .contains("lamina_queue_images{signature=\"serving_default\"} 1.0")) {
        // On a busy machine its two seconds may be over before they are looked at.
        if (answer.isDone()) {
          answer = http.sendAsync(request, HttpResponse.BodyHandlers.ofString());
        }
      }
      new ProcessBuilder("kill", "-TERM", Long.toString(process.pid())).start().waitFor();
      assertThat(answer.get().statusCode()).isEqualTo(200);
      assertThat(out.readLine()).isEqualTo("stopped");
      assertThat(process.waitFor()).isZero();
    } finally {
      process.toHandle().destroyForcibly();
    }
    assertThat(folder.resolve("err.txt"))
        .content()
        .contains(
            "lamina: stopping after the current requests; press Ctrl-C again to quit immediately")
        .doesNotContain("jetty");
  }

  @Test
  void portInUse_isOneLineAndStatus2() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      MainTest.Output output = MainTest.lamina("serve", folder, "--port", taken.getLocalPort());
      assertThat(output.status()).isEqualTo(2);
      // The HTTP server is silent only where nothing used it before in this JVM.
      assertThat(output.err().lines().reduce((a, b) -> b).orElseThrow())
          .matches(
              "lamina: host and port must be a free address of this machine, got"
                  + " 127\\.0\\.0\\.1:\\d+ \\(.*\\); choose another");
    }
  }
}
