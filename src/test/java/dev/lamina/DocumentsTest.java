package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The code in README and docs is cut from files that run. A comment before the block names the file
 * and the region: {@code <!-- src/test/java/dev/lamina/ReadmeTest.java training -->}. Every block
 * in Java has such a comment; one in another language may have one.
 */
class DocumentsTest {
  private static final Path TESTS = Path.of("src/test/java");
  private static final Pattern BLOCK =
      Pattern.compile(
          "(?:^<!-- (\\S+) (\\w+) -->\\R)?^```(java|kotlin|python)\\R(.*?)^```$",
          Pattern.DOTALL | Pattern.MULTILINE);

  /** A block of code: the document, the file and the region that it is cut from. */
  private record Block(Path document, Path file, String region) {
    static Stream<Block> of(Path document) {
      return BLOCK
          .matcher(Snippets.read(document))
          .results()
          .filter(match -> match.group(3).equals("java") || match.group(1) != null)
          .map(match -> of(document, match));
    }

    private static Block of(Path document, MatchResult match) {
      String code = match.group(4);
      assertThat(match.group(1)).as("%s: cut from no file:%n%s", document, code).isNotNull();
      Block block = new Block(document, Path.of(match.group(1)), match.group(2));
      assertThat(code)
          .as("%s: region %s of %s", document, block.region(), block.file())
          .isEqualTo(Snippets.region(block.file(), block.region()) + "\n");
      return block;
    }

    /** Returns the row of docs/blocks.md. */
    String row() {
      return "| %s | %s | `%s` | %s |".formatted(document, region, file, runner());
    }

    /**
     * Returns what runs the code: a test, or the script of a folder in tools. Code of other
     * libraries that no machine here runs is in folders of the name by-hand.
     */
    private String runner() {
      if (file.getParent().endsWith("by-hand")) {
        return "by hand";
      }
      String name = file.getFileName().toString().replaceFirst("\\..*", "");
      if (!file.startsWith(TESTS)) {
        Path script = file.resolveSibling("run");
        assertThat(script).as("runs %s", file).isExecutable();
        return "`" + script + "`";
      }
      if (name.endsWith("Test")) {
        return "`" + name + "`";
      }
      Pattern use = Pattern.compile("\\b" + name + "\\b");
      String users =
          Snippets.files(file.resolveSibling(""), "Test.java")
              .filter(test -> use.matcher(Snippets.read(test)).find())
              .map(test -> "`" + test.getFileName().toString().replace(".java", "") + "`")
              .collect(Collectors.joining(", "));
      assertThat(users).as("no test uses %s", file).isNotEmpty();
      return users;
    }
  }

  @Test
  void everyBlock_isCutFromCodeThatRuns() throws IOException {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "# Code in the documents, and what runs it",
                "",
                "`DocumentsTest` compares every block with its file, and this list with the documents.",
                "",
                "| document | region | file | run by |",
                "|---|---|---|---|"));
    Stream.of(
            Stream.of("README.md", "CHANGELOG.md", "CONTRIBUTING.md").map(Path::of),
            Snippets.files(Path.of("docs"), ".md"),
            Snippets.files(Path.of("docs/decisions"), ".md"))
        .flatMap(documents -> documents)
        .flatMap(Block::of)
        .map(Block::row)
        .forEach(lines::add);
    Path list = Path.of("target/blocks.md");
    Files.createDirectories(list.getParent());
    Files.write(list, lines);
    assertThat(Path.of("docs/blocks.md"))
        .as("the list of blocks; the new one is %s", list)
        .hasSameTextualContentAs(list);
  }
}
