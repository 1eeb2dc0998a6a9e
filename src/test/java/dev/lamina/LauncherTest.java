package dev.lamina;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher {@code tools/lamina}, with a Maven and a Java that only say that they were run. */
class LauncherTest {
  @TempDir private Path folder;
  private Path target = Path.of("");

  @BeforeEach
  void checkout() throws IOException {
    assumeFalse(System.getProperty("os.name").startsWith("Windows"), "it is a shell script");
    Files.createDirectories(folder.resolve("src/main"));
    Files.createFile(folder.resolve("pom.xml"));
    target = folder.resolve("target");
    script("tools/lamina", Files.readString(Path.of("tools/lamina")));
    // Two builds at once do not get past mkdir.
    script(
        "bin/mvn",
        """
        #!/bin/sh
        set -e
        mkdir ../running
        echo built >>../builds
        if [ -e ../fail ]; then rmdir ../running; exit 1; fi
        : >target/lamina-1.jar
        while [ -e ../wait ]; do sleep 0.01; done
        case $* in
          *-Pgpu-cuda*) echo native-linux-x86_64-gpu.jar:cuda-linux-x86_64-redist.jar ;;
          *-Pgpu*) echo native-linux-x86_64-gpu.jar:ndarray.jar ;;
          *) echo native-linux-x86_64.jar:ndarray.jar ;;
        esac >target/.lamina-built
        rmdir ../running
        """);
    script("bin/java", "#!/bin/sh\necho \"ran $*\"\n");
  }

  private void script(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, text.replace("../", folder + "/").replace(">target", ">" + target));
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private Process start() throws IOException {
    return start(new ProcessBuilder(command(), "summary"));
  }

  private String command() {
    return folder.resolve("tools/lamina").toString();
  }

  private Process start(ProcessBuilder builder) throws IOException {
    builder.redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.remove("JAVA_HOME");
    environment.put("PATH", folder.resolve("bin") + ":" + environment.get("PATH"));
    return builder.start();
  }

  private static void succeeds(Process process) throws Exception {
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).matches("(?s).*ran .* -jar \\S+/target/lamina-1\\.jar summary\n");
  }

  private void assertBuilt(int times) throws IOException {
    assertThat(folder.resolve("builds")).hasContent("built\n".repeat(times));
    assertThat(Files.isSymbolicLink(target.resolve(".lamina-building"))).isFalse();
  }

  @Test
  void firstRunsAtOnce_buildOnce() throws Exception {
    Path wait = Files.createFile(folder.resolve("wait"));
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(start());
    }
    List<String> lines = new ArrayList<>();
    for (Process process : processes) {
      lines.add(process.inputReader(UTF_8).readLine());
    }
    assertThat(lines)
        .containsOnlyOnce("building Lamina (the first time also fetches about 200 MB of libraries)")
        .filteredOn(line -> line.startsWith("waiting for another build of Lamina, which holds "))
        .hasSize(3);
    Files.delete(wait);
    for (Process process : processes) {
      process.inputReader(UTF_8).lines().forEach(line -> assertThat(line).startsWith("ran "));
      assertThat(process.waitFor()).isZero();
    }
    assertBuilt(1);
    succeeds(start());
    assertBuilt(1);
  }

  /** Else the numbers of closed streams are those of the next files, which Java opens. */
  @Test
  void closedStreams_areOpenedForJava() throws Exception {
    script("bin/java", "#!/bin/sh\n[ -e /dev/stdin ] && [ -e /dev/stderr ] && echo open\n");
    start().waitFor(); // Builds.
    ProcessBuilder closed = new ProcessBuilder("sh", "-c", "exec \"$0\" <&- 2>&-", command());
    Process process = start(closed);
    assertThat(new String(process.getInputStream().readAllBytes(), UTF_8)).isEqualTo("open\n");
    assertThat(process.waitFor()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a!b", "a:b"})
  void pathThatJavaCuts_isRefused(String name) throws Exception {
    script(name + "/tools/lamina", Files.readString(Path.of("tools/lamina")));
    Process process = start(new ProcessBuilder(folder.resolve(name + "/tools/lamina").toString()));
    assertThat(new String(process.getInputStream().readAllBytes(), UTF_8))
        .matches(
            "lamina: the path of Lamina must have no ! and no :, at which Java cuts paths, got \\S+/%s; move it\n"
                .formatted(name));
    assertThat(process.waitFor()).isEqualTo(2);
  }

  @Test
  void missingJar_isBuiltAgain() throws Exception {
    succeeds(start());
    Files.delete(target.resolve("lamina-1.jar"));
    succeeds(start());
    assertBuilt(2);
  }

  @Test
  void failedBuild_isSaid_andTriedAgain() throws Exception {
    Path fail = Files.createFile(folder.resolve("fail"));
    Process process = start();
    assertThat(new String(process.getInputStream().readAllBytes(), UTF_8))
        .endsWith(
            "\nlamina: Lamina could not be built, as Maven says above; the first time it needs the network\n");
    assertThat(process.waitFor()).isEqualTo(2);
    assertBuilt(1);
    Files.delete(fail);
    succeeds(start());
    assertBuilt(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Pgpu-cuda", "-Pgpu"})
  void buildForGpus_staysOne(String profile) throws Exception {
    Files.createDirectory(target);
    Path stamp = target.resolve(".lamina-built");
    Process byHand = new ProcessBuilder(folder.resolve("bin/mvn").toString(), profile).start();
    assertThat(byHand.waitFor()).isZero();
    String built = Files.readString(stamp);
    succeeds(start());
    assertBuilt(1);
    Files.setLastModifiedTime(stamp, FileTime.fromMillis(0));
    succeeds(start());
    assertBuilt(2);
    assertThat(stamp).hasContent(built);
  }

  @Test
  void lockOfAKilledBuild_isRemoved() throws Exception {
    Files.createDirectory(target);
    // More than any process has.
    Files.createSymbolicLink(target.resolve(".lamina-building"), Path.of("99999999"));
    succeeds(start());
    assertBuilt(1);
  }
}
