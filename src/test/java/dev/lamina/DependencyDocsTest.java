package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/dependency.md names the optional libraries of the POM, in its versions. */
class DependencyDocsTest {
  private static final Pattern OPTIONAL =
      Pattern.compile(
          "<groupId>([^<]+)</groupId>\\s*<artifactId>([^<]+)</artifactId>\\s*<version>([^<]+)</version>"
              + "\\s*(?:<scope>runtime</scope>\\s*)?<optional>");

  @Test
  void optionalLibraries_areListed() throws Exception {
    String pom = Files.readString(Path.of("pom.xml"));
    List<String> coordinates =
        OPTIONAL
            .matcher(pom)
            .results()
            .map(m -> m.group(1) + ":" + m.group(2) + ":" + resolve(pom, m.group(3)))
            .toList();
    assertThat(coordinates).hasSizeGreaterThan(5);
    assertThat(Files.readString(Path.of("docs/dependency.md"))).contains(coordinates);
  }

  @Test
  void version_isThePoms() throws Exception {
    String pom = Files.readString(Path.of("pom.xml"));
    String version = pom.replaceFirst("(?s).*?\n  <version>([^<]+)</version>.*", "$1");
    assertThat(Files.readString(Path.of("docs/dependency.md")))
        .contains("<artifactId>lamina</artifactId>\n  <version>" + version + "</version>");
  }

  /** Returns the value of a property of the POM, or the text itself. */
  private static String resolve(String pom, String text) {
    return text.startsWith("${")
        ? pom.replaceFirst(
            "(?s).*<" + Pattern.quote(text.substring(2, text.length() - 1)) + ">([^<]+)<.*", "$1")
        : text;
  }
}
