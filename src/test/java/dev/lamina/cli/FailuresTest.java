package dev.lamina.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.cli.MainTest.Output;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.torture.JavaProcess;
import dev.lamina.train.Callback;
import dev.lamina.train.History;
import dev.lamina.train.RunHandle;
import dev.lamina.train.RunPlan;
import dev.lamina.train.Trainer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import picocli.CommandLine;

/** What ends a command without being its user's input. */
class FailuresTest {
  @TempDir private Path folder;

  private static void reports(int status, String line, Throwable e) {
    reports("predict", status, line, e);
  }

  private static void reports(String command, int status, String line, Throwable e) {
    StringWriter err = new StringWriter();
    CommandLine main = new CommandLine(Main.class).setErr(new PrintWriter(err, true));
    CommandLine executed = Objects.requireNonNull(main.getSubcommands().get(command));
    assertThat(Failures.report(e, executed)).isEqualTo(status);
    assertThat(err.toString()).isEqualTo("lamina: " + line + "\n");
  }

  @Test
  void errorsOfTheJvm_areOneLine() {
    reports(
        1,
        "unexpected error (java.lang.StackOverflowError: deep?down); set LAMINA_DEBUG=1 for its stack trace, and"
            + " report it",
        new StackOverflowError("deep\ndown"));
    reports(
        1,
        "unexpected error (java.lang.IllegalStateException: odd); set LAMINA_DEBUG=1 for its stack trace, and report"
            + " it",
        new IllegalStateException("odd"));
  }

  /** What is advised, the command has an option for. */
  @ParameterizedTest
  @CsvSource({
    "train, ', or try a smaller --batch-size'",
    "find-lr, ', or try a smaller --batch-size'",
    "serve, ', or try a smaller --max-batch-size'",
    "predict, ''"
  })
  void exhaustedMemory_isOneLine(String command, String advice) {
    long megabytes = Runtime.getRuntime().maxMemory() >> 20;
    reports(
        command,
        2,
        "out of memory (Java heap space): the Java heap has %s MiB; set LAMINA_JAVA_OPTS=-Xmx%sm for more%s"
            .formatted(megabytes, Math.max(512, 2 * megabytes), advice),
        new OutOfMemoryError("Java heap space"));
    reports(
        command,
        2,
        "out of memory (OOM when allocating), which other programs may hold too; use smaller images or a smaller"
            + " network"
            + advice,
        new TFResourceExhaustedException("OOM when allocating"));
  }

  /** An array of so many images is larger than any of the JVM. */
  @Test
  void exhaustedMemory_isOfTheExecutedCommand() throws IOException {
    Object[] words = {
      "benchmark", "--data", MainTest.images(folder), "--width", 1, "--batch-size", 2147483647
    };
    assertThat(OptionRuns.fails(words).err())
        .startsWith("lamina: out of memory (")
        .endsWith(" for more, or try a smaller --batch-size\n");
  }

  /** What JavaCPP throws without a folder to unpack to, on a full disk, and elsewhere. */
  @Test
  void nativeCode_thatCannotBeLoaded_isToldApart() {
    String unpacked =
        "TensorFlow's native code cannot be loaded (%s); name a folder with 1 GB free where it can be unpacked:"
            + " LAMINA_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=FOLDER";
    IOException noFolder = new IOException("Could not create the cache");
    Throwable wrapped = new UnsatisfiedLinkError(noFolder.toString()).initCause(noFolder);
    reports(2, unpacked.formatted("Could not create the cache"), wrapped);
    reports(
        2,
        unpacked.formatted("Could not create the cache"),
        new NoClassDefFoundError().initCause(wrapped));
    String half =
        "libjnitensorflow.so: libtensorflow_cc.so.2: cannot open shared object file: No such file or directory";
    reports(2, unpacked.formatted(half), unlinked(half));
    String machine =
        " on this machine (%s on %s); "
            .formatted(System.getProperty("os.name"), System.getProperty("os.arch"));
    reports(
        2,
        "TensorFlow's native code cannot be loaded (Could not find jnitensorflow in class, module, and library"
            + " paths.)"
            + machine
            + "use Linux on x86-64 or arm64, macOS on arm64 or Windows on x86-64",
        unlinked("Could not find jnitensorflow in class, module, and library paths."));
    reports(
        2,
        "native code cannot be loaded (libfreetype.so.6: cannot open shared object file)"
            + machine
            + "install the library that is missing",
        new ExceptionInInitializerError(
            new UnsatisfiedLinkError("libfreetype.so.6: cannot open shared object file")));
  }

  private static Throwable unlinked(String cause) {
    return new UnsatisfiedLinkError("no jnitensorflow in java.library.path: /lib")
        .initCause(new UnsatisfiedLinkError(cause));
  }

  private static ProcessBuilder summary() {
    return JavaProcess.of(Main.class, "summary", "--width", 1);
  }

  @Test
  void fullDisk_isOneLineAndStatus2() throws Exception {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full));
    Process process = summary().redirectOutput(full.toFile()).start();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isEqualTo(2);
    assertThat(err)
        .endsWith(
            "lamina: standard output could not be written; check the file or the disk that it goes to\n");
  }

  @Test
  void closedPipe_isQuiet() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/fd/1")));
    Path err = folder.resolve("err.txt");
    Process process = summary().redirectError(err.toFile()).start();
    process.getInputStream().close();
    assertThat(process.waitFor()).isEqualTo(141);
    assertThat(err).content().doesNotContain("lamina: ");
  }

  @Test
  void stackTrace_isForDebugging() throws Exception {
    ProcessBuilder builder = JavaProcess.of(Main.class, "summary", "--width", 0);
    builder.environment().put("LAMINA_DEBUG", "1");
    Process process = builder.redirectOutput(Redirect.DISCARD).start();
    String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(err).contains("\n\tat dev.lamina.").contains("lamina: width must be positive");
    assertThat(process.waitFor()).isEqualTo(2);
  }

  /** A file is where the folder of the plots should be, and a folder where the log should be. */
  @Test
  void plotsAndLogThatCannotBeWritten_doNotEndTheRun() throws IOException {
    Path run = folder.resolve("run");
    List<Object> train = List.of("--width", 1, "--batch-size", 16, "--epochs", 1);
    Path data = MainTest.images(folder);
    assertThat(train(train, "--data", data, "--run", run).status()).isZero();
    MoreFiles.deleteRecursively(run.resolve("plots"), RecursiveDeleteOption.ALLOW_INSECURE);
    Files.createFile(run.resolve("plots"));
    Path log = RunConfig.log(run);
    Files.delete(log);
    Files.createDirectory(log);
    Output resumed = train(List.of(), "--resume", run, "--epochs", 2);
    assertThat(resumed.status()).as(resumed.err()).isZero();
    assertThat(resumed.out()).contains("test accuracy");
    assertThat(resumed.err().lines().filter(line -> line.startsWith("lamina: ")).toList())
        .allMatch(line -> line.endsWith("); training continues"))
        .anyMatch(
            line -> line.startsWith("lamina: plots or report of " + run + " could not be drawn ("))
        .containsOnlyOnce(
            "lamina: %1$s is incomplete (%1$s could not be read (java.io.IOException: Is a directory)); training continues"
                .formatted(log));
  }

  /** As for a contact sheet of large images; what follows is written. */
  @Test
  void errorOfADecoration_doesNotEndTheRun() {
    List<String> told = new ArrayList<>();
    Callback decoration =
        new BestEffort(
            new Callback() {
              @Override
              public void onStart(RunPlan plan, RunHandle run) {
                throw new OutOfMemoryError("Java heap space");
              }

              @Override
              public void onEnd(History history) {
                told.add("end");
              }
            },
            Path.of("events"));
    ImageSet images = ImageData.embedded().test().subset(new int[] {0, 1});
    Network network = Network.input(32, 32, 3).then(GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network)) {
      Trainer.builder().epochs(1).callbacks(decoration).build().fit(model, images);
    }
    assertThat(told).containsExactly("end");
  }

  private static Output train(List<?> options, Object... more) {
    List<Object> words = new ArrayList<>(List.of("train"));
    words.addAll(options);
    words.addAll(List.of(more));
    return MainTest.lamina(words.toArray());
  }
}
