package dev.lamina.torture;

import dev.lamina.cli.Main;
import dev.lamina.cli.SignalledMain;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** The train command in a process of its own, to be sent signals. */
final class TrainCommandProcess {
  private static final int IMAGES = 120;

  final Process process;
  final Path out;
  final Path err;

  /** Starts it with options, in a folder that gets its output as files. */
  TrainCommandProcess(Path folder, Object... options) throws IOException {
    this(folder, Main.class, List.of(), options);
  }

  /** As that, and it gets a signal at the moment when it prints a text. */
  static TrainCommandProcess signalled(Path folder, String text, String signal, Object... options)
      throws IOException {
    return new TrainCommandProcess(folder, SignalledMain.class, List.of(text, signal), options);
  }

  /** As that, and a step of {@link EndlessStep#NETWORK} never ends. */
  static TrainCommandProcess endless(Path folder, Object... options) throws IOException {
    return new TrainCommandProcess(folder, EndlessStep.class, List.of(), options);
  }

  private TrainCommandProcess(Path folder, Class<?> main, List<String> first, Object... options)
      throws IOException {
    out = folder.resolve("out.txt");
    err = folder.resolve("err.txt");
    List<Object> words = new ArrayList<>(first);
    words.add("train");
    words.addAll(List.of(options));
    process =
        JavaProcess.withSigint(main, words.toArray())
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
  }

  /** Writes images to train on, and returns their folder. */
  static Path images(Path folder) throws IOException {
    Path data = folder.resolve("data");
    ImageSet set = ImageData.embedded().train();
    for (int i = 0; i < IMAGES; i++) {
      Path file =
          data.resolve(i < IMAGES * 3 / 4 ? "train" : "test")
              .resolve("class" + set.label(i) % 2)
              .resolve(i + ".png");
      Files.createDirectories(file.resolveSibling(""));
      ImageIO.write(set.toBufferedImage(i), "png", file.toFile());
    }
    return data;
  }

  /** Waits until a file is there and contains the text. */
  void await(Path file, String text) throws Exception {
    while (!Files.exists(file) || !Files.readString(file).contains(text)) {
      checkAlive();
      Thread.sleep(10);
    }
  }

  /** Waits until a step runs: on SIGQUIT the JVM prints what its threads do. */
  void awaitStep(Path run) throws Exception {
    await(run.resolve("checkpoints/.lock"), "");
    while (!Files.readString(out, StandardCharsets.ISO_8859_1).contains("TF_SessionRun")) {
      checkAlive();
      signal("QUIT");
      Thread.sleep(10);
    }
  }

  private void checkAlive() throws IOException {
    if (!process.isAlive()) {
      throw new IllegalStateException("ended too soon; it said: " + Files.readString(err));
    }
  }

  void signal(String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }
}
