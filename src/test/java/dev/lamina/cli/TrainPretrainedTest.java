package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.lamina.Clothes;
import dev.lamina.Golden;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.format.Safetensors;
import dev.lamina.format.Safetensors.Tensor;
import dev.lamina.model.Model;
import dev.lamina.zoo.Zoo;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starting from weights of other programs at the command line. */
class TrainPretrainedTest {
  @TempDir private static Path once;
  private static Path images = Path.of("");

  @TempDir private Path folder;

  @BeforeAll
  static void writeImages() throws IOException {
    images = Clothes.write(once.resolve("images"), Clothes.SECOND, 4, 2);
  }

  /** Weights as PyTorch's DataParallel has them, and without a description. */
  private Path weights(Path file, Zoo.Builder network) throws IOException {
    Files.createDirectories(file.resolveSibling(""));
    try (Model model = network.imageSize(32, 32).seed(7).build()) {
      model.saveWeights(file);
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Safetensors.read(file)
        .tensors()
        .forEach((name, tensor) -> tensors.put("module." + name, tensor));
    new Safetensors(tensors, Map.of("format", "pt")).write(file);
    return file;
  }

  private Output train(Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of("train", "--data", images, "--run", folder.resolve("run"), "--epochs", 1));
    all.addAll(List.of("--batch-size", 4, "--precision", "float32", "--cache", folder));
    all.addAll(List.of(more));
    return MainTest.lamina(all.toArray());
  }

  private void refuses(String message, Object... more) {
    Output output = train(more);
    assertThat(output.err()).isEqualTo("lamina: " + message + "\n");
    assertThat(output.status()).isEqualTo(2);
    assertThat(folder.resolve("run")).doesNotExist();
  }

  private void assertStartsFrom(Path weights, String name) {
    try (Model model = Model.load(folder.resolve("run/weights.safetensors"))) {
      assertThat(model.classNames()).hasSize(3);
      assertThat(model.weights().get(name))
          .isEqualTo(Golden.at(Safetensors.read(weights).tensors(), "module." + name).floats());
    }
  }

  @Test
  void file_forANamedNetwork() throws IOException {
    Path file = weights(folder.resolve("w.safetensors"), Zoo.get("resnet18").width(4));
    Output output =
        train(
            "--pretrained", file, "--network", "resnet18", "--width", 4, "--freeze", "bn1,layer1");
    assertThat(output.err()).doesNotContain("lamina:");
    assertThat(output.status()).isZero();
    assertThat(output.out()).contains("network    " + file + ": ");
    assertStartsFrom(file, "bn1.weight");
    assertThat(folder.resolve("run/config.json")).content().contains(file.toString());
  }

  @Test
  void address() throws IOException {
    Path file = weights(folder.resolve("w.safetensors"), Zoo.get("resnet18").width(4));
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/w.safetensors",
        exchange -> {
          try (exchange) {
            byte[] content = Files.readAllBytes(file);
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.getResponseHeaders().add("Content-Length", Integer.toString(content.length));
            exchange.sendResponseHeaders(200, head ? -1 : content.length);
            if (!head) {
              exchange.getResponseBody().write(content);
            }
          }
        });
    server.start();
    try {
      String uri = "http://localhost:" + server.getAddress().getPort() + "/w.safetensors";
      Output output =
          train("--pretrained", uri, "--network", "resnet18", "--width", 4, "--freeze", "bn1");
      assertThat(output.status()).as(output.err()).isZero();
      assertStartsFrom(file, "bn1.weight");
    } finally {
      server.stop(0);
    }
  }

  /** In the cache already, so that nothing is downloaded. */
  @Test
  void modelOfAHub() throws IOException {
    Path model = folder.resolve("hub/timm/small.in1k");
    Path file = weights(model.resolve("model.safetensors"), Zoo.get("timm/mobilenetv3_small_100"));
    Files.writeString(
        model.resolve("config.json"),
        """
        {"architecture": "mobilenetv3_small_100", "pretrained_cfg": {"input_size": [3, 64, 64],
         "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}}
        """);
    refuses(
        "--network must not be given with --pretrained, which has a network already; see 'lamina"
            + " train --help'",
        "--pretrained",
        "timm/small.in1k",
        "--network",
        "resnet18");
    Path config =
        Files.writeString(
            folder.resolve("named.yaml"), "network: {name: resnet18, pretrained: timm/small.in1k}");
    refuses(
        "network.name of "
            + config
            + " must not be given with network.pretrained, which has a network already; remove it",
        "--config",
        config);
    Output output = train("--pretrained", "timm/small.in1k", "--freeze", "bn1");
    assertThat(output.status()).as(output.err()).isZero();
    assertStartsFrom(file, "bn1.weight");
  }

  @Test
  void wrongOnes_areRefused() throws IOException {
    Path file = weights(folder.resolve("w.safetensors"), Zoo.get("resnet18").width(4));
    refuses(
        "--pretrained must not be given with --from, which has a network already; see 'lamina train"
            + " --help'",
        "--pretrained",
        file,
        "--from",
        file);
    refuses(
        "pretrained weights must be an existing file, an address, or a model such as"
            + " timm/resnet18.a1_in1k, got nowhere",
        "--pretrained",
        "nowhere");
    Output output = train("--pretrained", file);
    assertThat(output.err())
        .startsWith(
            "lamina: " + file + " does not match the network: missing key(s) in state_dict: ");
    assertThat(output.status()).isEqualTo(2);
  }
}
