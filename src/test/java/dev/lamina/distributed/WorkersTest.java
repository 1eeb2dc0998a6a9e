package dev.lamina.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.io.LaminaException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkersTest {
  private static final Map<String, String> ENVIRONMENT =
      Map.of("RANK", "1", "WORLD_SIZE", "3", "MASTER_ADDR", "10.0.0.7", "MASTER_PORT", "29500");

  @Test
  void fromEnvironment_readsTheNamesOfTorchrun() {
    assertThat(Workers.fromEnvironment(ENVIRONMENT)).contains(Workers.of(1, 3, "10.0.0.7", 29500));
    Map<String, String> impatient = new HashMap<>(ENVIRONMENT);
    impatient.put("LAMINA_WORKER_TIMEOUT", "20");
    assertThat(Workers.fromEnvironment(impatient).orElseThrow().timeout())
        .isEqualTo(Duration.ofSeconds(20));
  }

  @Test
  void fromEnvironment_ofOneWorkerOrNone_isEmpty() {
    assertThat(Workers.fromEnvironment(Map.of())).isEmpty();
    assertThat(Workers.fromEnvironment(Map.of("WORLD_SIZE", "1"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "RANK        |   | RANK must be set in the environment where WORLD_SIZE is; start workers with 'lamina launch'",
        "RANK        | 3 | RANK of the environment must be a number from 0 to 2, got 3",
        "WORLD_SIZE  | x | WORLD_SIZE of the environment must be a number from 1 to 2147483647, got x",
        "MASTER_PORT | 0 | MASTER_PORT of the environment must be a number from 1 to 65535, got 0",
        "MASTER_ADDR |   | MASTER_ADDR must be set in the environment where WORLD_SIZE is; start workers with 'lamina launch'"
      })
  void fromEnvironment_withWrongValue_namesIt(String name, String value, String message) {
    Map<String, String> environment = new HashMap<>(ENVIRONMENT);
    environment.put(name, value == null ? "" : value);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Workers.fromEnvironment(environment))
        .withMessage(message);
  }

  @Test
  void of_rankBeyondSize_isRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Workers.of(2, 2, "localhost", 1))
        .withMessage("rank must be from 0 to 1, got 2");
  }
}
