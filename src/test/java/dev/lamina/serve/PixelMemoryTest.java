package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collections;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests to a server that has memory for two images, and nothing more. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class PixelMemoryTest {
  private static final String PREDICT = "/v1/models/lamina:predict";
  private static final String PREDICT_IMAGE = "/v1/models/lamina:predictImage";
  private static final int IMAGE = TinyExport.HEIGHT * TinyExport.WIDTH * 3;
  private static final String FULL = "too many images are in memory; try again later";

  @TempDir private static Path folder;
  private static PixelMemory memory = new PixelMemory(3 * IMAGE - 1);
  private static ModelServer server;
  private static Client client;

  @BeforeAll
  static void start() {
    TinyExport.write(folder);
    // Batches of so many images could not be allocated.
    ServerOptions options = ServerOptions.create().port(0).maxBatchSize(Integer.MAX_VALUE);
    server = ModelServer.start(folder, options, memory);
    client = new Client(server.uri());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String files(int count, byte[] file) {
    return "{\"signature_name\": \"from_encoded\", \"instances\": %s}"
        .formatted(Collections.nCopies(count, TinyExport.base64(file)));
  }

  private static void twoImages_areClassified() {
    assertThat(Client.good(client.post(PREDICT, files(2, TinyExport.png(0)))).get("predictions"))
        .hasSize(2);
  }

  @Test
  void oneRequest_hasALimit() {
    String pixels = Collections.nCopies(3, TinyExport.json(0)).toString();
    // Decoding the third file would fail.
    String damaged = files(2, TinyExport.png(0)).replace("}]", "}, {\"b64\": \"AAAA\"}]");
    for (String body : new String[] {"{\"instances\": " + pixels + "}", damaged}) {
      assertThat(Client.error(client.post(PREDICT, body), 413))
          .isEqualTo(
              "the images of a request must take at most 863 bytes as pixels, got more; send fewer");
    }
    twoImages_areClassified();
  }

  @Test
  void allRequests_haveALimit() {
    PixelMemory.Share others = memory.share();
    others.take(2 * IMAGE);
    assertThat(Client.error(client.post(PREDICT, files(1, TinyExport.png(0))), 503))
        .isEqualTo(FULL);
    assertThat(Client.error(client.post(PREDICT_IMAGE, "image/png", TinyExport.png(0)), 503))
        .isEqualTo(FULL);
    others.release();
    twoImages_areClassified();
  }

  @Test
  void memory_isGivenBack_whateverTheAnswerIs() {
    Client.error(client.post(PREDICT, files(2, new byte[1])), 400);
    Client.error(client.post(PREDICT_IMAGE, "image/png", new byte[1]), 400);
    Client.good(client.post(PREDICT_IMAGE, "image/png", TinyExport.png(0)));
    twoImages_areClassified();
    twoImages_areClassified();
  }
}
