package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WebAddressTest {
  @Test
  void scheme_mayBeInCapitals() {
    assertThat(WebAddress.parse("address", "HTTPS://Host/W.bin"))
        .isEqualTo(URI.create("https://Host/W.bin"))
        .hasScheme("https");
  }

  /** The examples of RFC 3986, section 5.4.1, with another base. */
  @ParameterizedTest
  @CsvSource({
    "?y=2, http://a/b/c/d;p?y=2",
    "g?y=2, http://a/b/c/g?y=2",
    "/g, http://a/g",
    "../g, http://a/b/g",
    "//h/g, http://h/g",
    "https://h/g, https://h/g",
  })
  void redirects_areRelativeToTheAddress(String location, String expected) {
    assertThat(WebAddress.redirect(URI.create("http://a/b/c/d;p?q"), location))
        .hasToString(expected);
  }
}
