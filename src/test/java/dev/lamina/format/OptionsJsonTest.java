package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lamina.registry.Options;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptionsJsonTest {
  private static final JsonMapper JSON = new JsonMapper();

  @Test
  void options_areAnObjectInTheirOrder() throws JsonProcessingException {
    Options options =
        Options.none()
            .with("b", 1)
            .with("a", 1e-5)
            .with("long", 1L << 40)
            .with("list", List.of("x", true))
            .with("inner", Options.none().with("y", 2.0));
    String text = OptionsJson.write(options).toString();
    assertThat(text)
        .isEqualTo(
            "{\"b\":1,\"a\":1.0E-5,\"long\":1099511627776,\"list\":[\"x\",true],\"inner\":{\"y\":2.0}}");
    assertThat(OptionsJson.read(JSON.readTree(text))).isEqualTo(options);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[]|options must be a JSON object, got []",
        "{\"x\": null}|option \"x\" must have a value that can be read, got null",
        "{\"x\": [null]}|option \"x\" must have a value that can be read, got null",
        "{\"x\": 99999999999999999999}|option \"x\" must have a value that can be read, got 99999999999999999999",
        "{\"x\": 1e999}|option \"x\" must be a finite number, a boolean, a text, options or a list of these, got Infinity",
      })
  void whatOptionsCannotHold_isRefused(String text, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OptionsJson.read(JSON.readTree(text)))
        .withMessage(message);
  }
}
