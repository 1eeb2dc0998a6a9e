package dev.lamina.cli;

import dev.lamina.torture.JavaProcess;
import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A client of a server of the base run of {@link OptionRuns}. */
record ServedRun(URI uri, HttpClient http) {
  /** What is asked of the server. */
  @FunctionalInterface
  interface Conversation {
    void with(ServedRun served) throws Exception;
  }

  static void serve(Conversation conversation, Object... options) {
    List<Object> words = new ArrayList<>(List.of("serve", OptionRuns.base, "--port", 0));
    words.addAll(List.of(options));
    try {
      Process process = JavaProcess.of(Main.class, words.toArray()).start();
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
        String line = out.readLine();
        while (!line.startsWith("predict")) {
          line = out.readLine();
        }
        URI uri = URI.create(line.replaceFirst("predict +", ""));
        conversation.with(new ServedRun(uri, HttpClient.newHttpClient()));
      } finally {
        process.toHandle().destroyForcibly();
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  CompletableFuture<HttpResponse<String>> post(int images) {
    String image = Arrays.deepToString(new int[OptionRuns.SIDE][OptionRuns.SIDE][3]);
    String body = "{\"instances\": " + Collections.nCopies(images, image) + "}";
    return http.sendAsync(
        HttpRequest.newBuilder(uri).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  String metrics() throws Exception {
    HttpRequest request = HttpRequest.newBuilder(uri.resolve("/metrics")).build();
    return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }
}
