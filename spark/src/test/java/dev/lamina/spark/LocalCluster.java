package dev.lamina.spark;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Submits jobs to a local cluster of two executors, each in a process of its own, as {@code
 * bin/spark-submit} does.
 *
 * @param home the folder with Spark's {@code jars}; the executors work in {@code work}
 */
record LocalCluster(Path home) {
  private static final Path TARGET = Path.of("target").toAbsolutePath();

  /** For JVMs that live for seconds. */
  private static final String QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

  /** Returns a cluster with the jars of {@code tools/spark/run}. */
  static LocalCluster in(Path home) throws IOException {
    Files.createDirectories(home);
    Path jars = Path.of(System.getProperty("spark.home"), "jars");
    Files.createSymbolicLink(home.resolve("jars"), jars.toRealPath());
    return new LocalCluster(home);
  }

  void unlink() throws IOException {
    Files.delete(home.resolve("jars"));
  }

  /** Runs a job, and returns what it has printed on standard output. */
  String submit(Class<?> job, Object... arguments) throws IOException, InterruptedException {
    List<Object> words = new ArrayList<>(List.of("org.apache.spark.deploy.SparkSubmit"));
    words.addAll(List.of("--master", "local-cluster[2,1,1024]", "--driver-memory", "512m"));
    words.addAll(List.of("--driver-java-options", QUICK));
    Map<String, String> conf =
        Map.of(
            "spark.executor.extraJavaOptions",
            QUICK,
            "spark.executorEnv.LAMINA_JAVA_OPTS",
            QUICK,
            "spark.sql.shuffle.partitions",
            "2",
            "spark.ui.enabled",
            "false");
    conf.forEach((key, value) -> words.addAll(List.of("--conf", key + "=" + value)));
    words.addAll(List.of("--jars", library() + "," + nativeLibrary(), "--class", job.getName()));
    words.add(only(TARGET, "lamina-spark-.*-tests\\.jar"));
    words.addAll(List.of(arguments));
    // The launcher prints the command that runs the driver.
    String command = java(home + "/jars/*", "org.apache.spark.launcher.Main", words.toArray());
    return output(List.of(command.substring(command.indexOf('\n') + 1).split("\0")));
  }

  /** Runs the command {@code lamina}, without Spark. */
  String lamina(Object... arguments) throws IOException, InterruptedException {
    String classPath = String.join(":", library() + "", nativeLibrary() + "", home + "/jars/*");
    return java(classPath, "dev.lamina.cli.Main", arguments);
  }

  /** Returns what each executor of all jobs has logged. */
  List<String> executorLogs() throws IOException {
    List<String> logs = new ArrayList<>();
    try (Stream<Path> files = Files.walk(home.resolve("work"))) {
      for (Path log : files.filter(file -> file.endsWith("stderr")).toList()) {
        logs.add(Files.readString(log));
      }
    }
    return logs;
  }

  private static Path library() throws IOException {
    return only(TARGET, "lamina-spark-[^-]*(-SNAPSHOT)?\\.jar");
  }

  private static Path nativeLibrary() throws IOException {
    return only(TARGET.resolve("native"), "tensorflow-core-native-[^-]*-.*\\.jar");
  }

  private static Path only(Path folder, String name) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches(name))
          .findFirst()
          .orElseThrow();
    }
  }

  private String java(String classPath, String main, Object... arguments)
      throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> words = new ArrayList<>(List.of(java));
    words.addAll(List.of(QUICK.split(" ")));
    words.addAll(List.of("-cp", classPath, main));
    Stream.of(arguments).map(Object::toString).forEach(words::add);
    return output(words);
  }

  /** Runs a command, and returns what it has printed on standard output. */
  private String output(List<String> words) throws IOException, InterruptedException {
    Path log = Files.createTempFile(home, "log", ".txt");
    ProcessBuilder builder = new ProcessBuilder(words).redirectError(log.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "SPARK_HOME",
                home.toString(),
                "SPARK_SCALA_VERSION",
                "2.12",
                // As the tasks have them, so that sums are made in the same order.
                "TF_NUM_INTRAOP_THREADS",
                "1",
                "TF_ENABLE_ONEDNN_OPTS",
                "1",
                "TF_CPP_MIN_LOG_LEVEL",
                "3"));
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(
          "status %s of %s%n%s%n%s"
              .formatted(process.exitValue(), words, out, Files.readString(log)));
    }
    return out;
  }
}
