package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;

class HeldPortTest {
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();

  @Test
  void whoKnowsThePort_listensThere_repeatedly() throws IOException {
    try (HeldPort port = new HeldPort()) {
      for (int i = 0; i < 2; i++) {
        assertThatExceptionOfType(ConnectException.class)
            .isThrownBy(() -> new Socket(HERE, port.number()).close());
        try (ServerSocket server = new ServerSocket(port.number(), 1, HERE);
            Socket client = new Socket(HERE, port.number())) {
          assertThat(server.accept().getPort()).isEqualTo(client.getLocalPort());
        }
      }
    }
  }

  @Test
  void twoPorts_differ() {
    try (HeldPort first = new HeldPort();
        HeldPort second = new HeldPort()) {
      assertThat(first.number()).isPositive().isNotEqualTo(second.number());
    }
  }
}
