package dev.lamina.io;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.lamina.torture.JavaProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A download from a hub with TLS, by a proxy with a password. In a process of its own: Java reads
 * once whether a proxy for HTTPS may get one.
 */
class TunnelTest {
  @TempDir private Path folder;

  @Test
  void passwordGoesToTheProxyAlone_andTheTokenToTheHub() throws Exception {
    Path keys = folder.resolve("keys");
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    JavaProcess.run(
        new ProcessBuilder(
            keytool,
            "-genkeypair",
            "-keyalg",
            "EC",
            "-keystore",
            keys.toString(),
            "-storepass",
            "secret",
            "-dname",
            "CN=hub.invalid",
            "-ext",
            "san=dns:hub.invalid"));
    ProcessBuilder download = JavaProcess.of(TunnelTest.class, folder);
    for (String store : List.of("keyStore", "trustStore")) {
      download.command().add(1, "-Djavax.net.ssl." + store + "=" + keys);
      download.command().add(1, "-Djavax.net.ssl." + store + "Password=secret");
    }
    // user:pass
    assertThat(JavaProcess.run(download).lines().filter(line -> line.matches("(proxy|hub) .*")))
        .containsExactly(
            "proxy CONNECT Basic dXNlcjpwYXNz",
            "hub HEAD [Bearer t] null",
            "proxy CONNECT Basic dXNlcjpwYXNz",
            "hub GET [Bearer t] null");
  }

  /** Downloads into a folder, and prints what the proxy and the hub are asked. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) throws Exception {
    InetAddress local = InetAddress.getLoopbackAddress();
    HttpsServer hub = HttpsServer.create(new InetSocketAddress(local, 0), 0);
    hub.setHttpsConfigurator(new HttpsConfigurator(SSLContext.getDefault()));
    hub.createContext(
        "/",
        exchange -> {
          try (exchange) {
            var headers = exchange.getRequestHeaders();
            System.out.println(
                "hub "
                    + exchange.getRequestMethod()
                    + " "
                    + headers.get("Authorization")
                    + " "
                    + headers.get("Proxy-Authorization"));
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.getResponseHeaders().add("Content-Length", "4");
            exchange.sendResponseHeaders(200, head ? -1 : 4);
            if (!head) {
              exchange.getResponseBody().write(new byte[4]);
            }
          }
        });
    hub.start();
    try (ServerSocket proxy = new ServerSocket(0, 0, local)) {
      new Thread(() -> serve(proxy, hub.getAddress())).start();
      Map<String, String> environment =
          Map.of(
              "HF_ENDPOINT",
              "https://hub.invalid",
              "HF_TOKEN",
              "t",
              "HTTPS_PROXY",
              "http://user:pass@localhost:" + proxy.getLocalPort());
      Path file = Hub.of(Path.of(args[0]), environment).file("a/b", "c");
      assertThat(Files.size(file)).isEqualTo(4);
    }
    System.exit(0);
  }

  private static void serve(ServerSocket proxy, InetSocketAddress hub) {
    try {
      while (true) {
        Socket client = proxy.accept();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) client.getInputStream().read());
        }
        System.out.println(
            "proxy CONNECT "
                + head.toString().replaceFirst("(?s).*Proxy-Authorization: ([^\r]*).*", "$1"));
        client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(ISO_8859_1));
        Socket server = new Socket(hub.getAddress(), hub.getPort());
        new Thread(() -> copy(client, server)).start();
        new Thread(() -> copy(server, client)).start();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(Socket from, Socket to) {
    try (InputStream in = from.getInputStream()) {
      in.transferTo(to.getOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
