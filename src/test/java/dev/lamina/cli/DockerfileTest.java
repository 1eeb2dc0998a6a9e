package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.torture.JavaProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image in {@code docs/kubernetes}, as far as it can be checked without Docker. */
class DockerfileTest {
  @TempDir private Path folder;

  @Test
  void nativeCode_isUnpackedIntoTheImage() throws Exception {
    String text = Files.readString(Path.of("docs/kubernetes/Dockerfile"));
    Matcher run = Pattern.compile("RUN java .*/lamina\\.jar (.+) >/dev/null").matcher(text);
    assertThat(run.find()).isTrue();
    ProcessBuilder process = JavaProcess.of(Main.class, (Object[]) run.group(1).split(" "));
    process.environment().put("JAVA_TOOL_OPTIONS", "-Dorg.bytedeco.javacpp.logger.debug=true");
    assertThat(JavaProcess.run(process.directory(folder.toFile())))
        .containsPattern("Loading .*jnitensorflow");
  }
}
