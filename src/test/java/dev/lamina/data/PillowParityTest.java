package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Odd files against what Pillow reads in them; made by tools/golden-images. */
public class PillowParityTest {
  private static final Path FOLDER = Path.of("src/test/resources/images");
  private static final JsonNode EXPECTED = expected();

  private static JsonNode expected() {
    try (InputStream in = Files.newInputStream(FOLDER.resolve("expected.json"))) {
      return JsonMapper.builder().build().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All files. */
  public static Stream<Path> files() {
    return EXPECTED.properties().stream().map(entry -> FOLDER.resolve(entry.getKey()));
  }

  private static JsonNode of(Path file) {
    return EXPECTED.path(file.getFileName().toString());
  }

  private static byte[] bytes(JsonNode node) {
    return Base64.getDecoder().decode(node.asText());
  }

  /**
   * The largest difference in levels that decoders may have: Pillow's CMYK is rounded otherwise,
   * and the plugin for WebP decodes lossy files otherwise than libwebp.
   */
  private static int tolerance(Path file) {
    String name = file.getFileName().toString();
    if (name.equals("cmyk.jpg") || name.equals("ycck.jpg")) {
      return 1;
    }
    return name.equals("lossy.webp") ? 25 : 0;
  }

  private static void assertNear(String what, byte[] actual, byte[] expected, int tolerance) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    int most = 0;
    for (int i = 0; i < actual.length; i++) {
      most = Math.max(most, Math.abs((actual[i] & 0xff) - (expected[i] & 0xff)));
    }
    assertThat(most).as(what).isLessThanOrEqualTo(tolerance);
  }

  @ParameterizedTest
  @MethodSource("files")
  void pixels_areThoseOfPillow(Path file) {
    JsonNode expected = of(file);
    Images.Size size = Images.size(file);
    assertThat(size.height()).isEqualTo(expected.path("height").intValue());
    assertThat(size.width()).isEqualTo(expected.path("width").intValue());
    assertNear("pixels", Images.read(file), bytes(expected.path("rgb")), tolerance(file));
  }

  @ParameterizedTest
  @MethodSource("files")
  void uprightPixels_areThoseOfPillow(Path file) {
    JsonNode expected = of(file);
    boolean turned = Images.orientation(file) >= 5;
    int height = expected.path(turned ? "width" : "height").intValue();
    int width = expected.path(turned ? "height" : "width").intValue();
    byte[] actual =
        Images.read(file, Preprocessing.of(Resize.stretch(height, width)).upright(true));
    assertNear("upright", actual, bytes(expected.path("upright")), tolerance(file));
  }

  @ParameterizedTest
  @MethodSource("files")
  void resizedPixels_areWithinOneLevelOfPillows(Path file) {
    JsonNode expected = of(file);
    List<String> rules = new ArrayList<>();
    expected
        .properties()
        .forEach(
            entry -> {
              String[] words = entry.getKey().split(" ");
              if (words.length == 4) {
                rules.add(entry.getKey());
                assertNear(
                    entry.getKey(),
                    Images.read(file, Preprocessing.of(rule(words))),
                    bytes(entry.getValue()),
                    1 + tolerance(file));
              }
            });
    assertThat(rules).hasSize(12);
  }

  private static Resize rule(String[] words) {
    return Resize.named(words[0], Integer.parseInt(words[2]), Integer.parseInt(words[3]))
        .filter(Resize.Filter.valueOf(words[1].toUpperCase(Locale.ROOT)));
  }
}
