package dev.lamina.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class ServerOptionsTest {
  @Test
  void defaults_areLocal() {
    assertThat(ServerOptions.create().host()).isEqualTo("127.0.0.1");
    assertThat(ServerOptions.create().port()).isEqualTo(8501);
  }

  @Test
  void everyOption_isChecked() {
    rejects("port must be in 0..65535, got 65536", options -> options.port(65536));
    rejects("port must be in 0..65535, got -1", options -> options.port(-1));
    rejects(
        "modelName must consist of letters, digits, '.', '_' and '-', got a/b",
        options -> options.modelName("a/b"));
    rejects("maxBatchSize must be positive, got 0", options -> options.maxBatchSize(0));
    rejects(
        "batchTimeout must be in 0..60000 ms, got -1 ms",
        options -> options.batchTimeout(Duration.ofMillis(-1)));
    rejects("maxQueue must be positive, got 0", options -> options.maxQueue(0));
    rejects("maxBody must be positive, got -5", options -> options.maxBody(-5));
    rejects("maxConnections must be positive, got 0", options -> options.maxConnections(0));
    rejects(
        "requestTimeout must be positive, got 0 ms",
        options -> options.requestTimeout(Duration.ZERO));
    rejects(
        "idleTimeout must be positive, got -1 ms",
        options -> options.idleTimeout(Duration.ofMillis(-1)));
    rejects(
        "stopTimeout must be positive, got 0 ms", options -> options.stopTimeout(Duration.ZERO));
  }

  private static void rejects(String message, UnaryOperator<ServerOptions> change) {
    assertThatThrownBy(() -> change.apply(ServerOptions.create()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
