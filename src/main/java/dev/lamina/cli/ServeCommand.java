package dev.lamina.cli;

import com.google.common.base.Throwables;
import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import dev.lamina.format.WeightsFile;
import dev.lamina.graph.Device;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.model.Model;
import dev.lamina.serve.ModelServer;
import dev.lamina.serve.ServerOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Serves an exported model over HTTP until it is stopped. */
@Command(
    name = "serve",
    description = "Serves an exported model over HTTP, as TensorFlow Serving does, until Ctrl-C.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {
      "  lamina serve runs/2026-11-26-120000",
      "  lamina serve served --port 8501 --name flowers"
    })
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "EXPORT",
      description =
          "a run, the folder of a SavedModel, or the one of its versions (1, 2, ...); "
              + "or what else 'lamina predict --run' takes: RUN@best, RUN@last, RUN@STEP, a weights file")
  private Path export = Path.of("");

  @Option(
      names = "--host",
      paramLabel = "HOST",
      defaultValue = "127.0.0.1",
      description =
          "the address to listen on, 0.0.0.0 for all (default: ${DEFAULT-VALUE}, this machine alone)")
  private String host = "";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8501",
      description = "the port, 0 for any that is free (default: ${DEFAULT-VALUE})")
  private int port;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "lamina",
      description = "what clients call the model (default: ${DEFAULT-VALUE})")
  private String name = "";

  @Option(
      names = "--max-batch-size",
      paramLabel = "N",
      defaultValue = "32",
      description = "images that run at once, at most (default: ${DEFAULT-VALUE})")
  private int maxBatchSize;

  @Option(
      names = "--batch-timeout-ms",
      paramLabel = "MS",
      defaultValue = "0",
      description =
          "how long an image waits for others to run with "
              + "(default: 0, those that came while the batch before was running)")
  private long batchTimeout;

  @Override
  public Integer call() throws InterruptedException {
    // Silences Jetty's start-up log.
    System.setProperty("org.slf4j.simpleLogger.log.org.eclipse.jetty", "warn");
    ServerOptions options =
        ServerOptions.create()
            .host(host)
            .port(port)
            .modelName(name)
            .maxBatchSize(maxBatchSize)
            .batchTimeout(Duration.ofMillis(batchTimeout));
    CountDownLatch stop = new CountDownLatch(1);
    PrintWriter out = spec.commandLine().getOut();
    try (Interrupts interrupts = Interrupts.listen("after the current requests");
        ModelServer server = start(options)) {
      interrupts.onSignal(stop::countDown);
      TextLines.print(out, "serving    %s", server.describe());
      out.printf(Locale.ROOT, "address    %s%n", server.uri());
      out.printf(Locale.ROOT, "predict    %sv1/models/%s:predict%n", server.uri(), name);
      out.flush();
      stop.await();
    }
    out.println("stopped");
    return 0;
  }

  /** Starts the server. */
  private ModelServer start(ServerOptions options) {
    if (!Files.isRegularFile(export) && RunReference.of(export).isEmpty()) {
      return ModelServer.start(folder(), options);
    }
    Path source = ModelOption.source(export);
    String temporary = System.getProperty("java.io.tmpdir");
    try {
      return start(source, Path.of(temporary), options);
    } catch (IOException e) {
      throw new LaminaException(
          "%s could not be written (%s); name another folder: LAMINA_JAVA_OPTS=-Djava.io.tmpdir=FOLDER"
              .formatted(temporary, Messages.reason(e)),
          e);
    }
  }

  /** Exports weights to a temporary folder, and starts the server of them. */
  private ModelServer start(Path source, Path temporary, ServerOptions options) throws IOException {
    Path exported = Files.createTempDirectory(temporary, "lamina-serve");
    try {
      try (Model model = Model.load(source, Device.cpu())) {
        export(model, exported.resolve("1"));
      }
      return ModelServer.start(exported, options);
    } finally {
      MoreFiles.deleteRecursively(exported, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  /** Exports; that a file could not be written is said as of the folder, which no option names. */
  private void export(Model model, Path folder) throws IOException {
    Map<String, String> metadata = ModelOption.metadata(export, model);
    try {
      model.export(folder, metadata);
    } catch (LaminaException e) {
      Throwables.throwIfInstanceOf(Throwables.getRootCause(e), IOException.class);
      throw e;
    }
  }

  private Path folder() {
    if (!RunConfig.isRun(export)) {
      return export;
    }
    if (!Files.isDirectory(RunConfig.export(export)) || !isFinished()) {
      throw new LaminaException(
          export
              + " has no export of its final weights: training was not completed; continue it with 'lamina train"
              + " --resume', or export it with 'lamina export' and serve that");
    }
    return RunConfig.export(export);
  }

  /** Whether the weights are those of the end, which were exported; a resumed run keeps others. */
  private boolean isFinished() {
    Path weights = RunConfig.weights(export);
    return !Files.exists(weights) || RunConfig.isComplete(WeightsFile.metadata(weights));
  }
}
