package dev.lamina.spark;

import com.google.common.net.HostAndPort;
import dev.lamina.io.HeldPort;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A task of the barrier stage: tells the other tasks where worker 0 is, starts the process of its
 * worker, and waits for it.
 *
 * @param configuration that of the training, as JSON
 * @param run the run's folder
 * @param timeoutSeconds how long the workers wait for each other
 */
record WorkerTask(String configuration, String run, long timeoutSeconds)
    implements FlatMapFunction<Iterator<Integer>, String> {
  private static final long serialVersionUID = 1;
  private static final Logger LOG = LoggerFactory.getLogger(WorkerTask.class);

  /** The exit status of a worker that lost another one. */
  private static final int WORKER_LOST = 75;

  /** How much longer such a worker's failure is kept back, so that Spark hears of the other's. */
  private static final int GRACE_SECONDS = 5;

  @Override
  public Iterator<String> call(Iterator<Integer> none)
      throws IOException, InterruptedException, WorkerFailedException {
    BarrierTaskContext context = BarrierTaskContext.get();
    int rank = context.partitionId();
    String host = HostAndPort.fromString(context.getTaskInfos()[rank].address()).getHost();
    try (HeldPort port = new HeldPort(InetAddress.getByName(host))) {
      String coordinator =
          context.allGather(HostAndPort.fromParts(host, port.number()).toString())[0];
      return run(context, rank, HostAndPort.fromString(coordinator)).iterator();
    }
  }

  private List<String> run(BarrierTaskContext context, int rank, HostAndPort coordinator)
      throws IOException, InterruptedException, WorkerFailedException {
    Path file = Files.createTempFile("lamina", ".json");
    try {
      Files.writeString(file, configuration);
      List<String> command = List.of("train", "--config", file.toString(), "--run", run);
      return run(context, rank, coordinator, command);
    } finally {
      delete(file);
    }
  }

  private List<String> run(
      BarrierTaskContext context, int rank, HostAndPort coordinator, List<String> command)
      throws IOException, InterruptedException, WorkerFailedException {
    int size = context.getTaskInfos().length;
    try (WorkerProcess worker =
        WorkerProcess.start(rank, size, coordinator, timeoutSeconds, context.cpus(), command)) {
      int status = await(context, worker);
      if (status != 0) {
        throw new WorkerFailedException(rank, status, worker.failure());
      }
      return rank == 0 ? worker.lines() : List.of();
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.warn("{} could not be deleted", file, e); // What became of the worker matters more.
    }
  }

  /** Waits for the end of a worker; kills it if the task is killed. */
  private static int await(BarrierTaskContext context, WorkerProcess worker)
      throws InterruptedException {
    while (!worker.waitFor(100, TimeUnit.MILLISECONDS)) {
      if (context.isInterrupted()) {
        return worker.kill();
      }
    }
    if (worker.status() == WORKER_LOST) {
      // Where Spark has heard of another failure, it kills this task meanwhile.
      TimeUnit.SECONDS.sleep(GRACE_SECONDS);
    }
    return worker.status();
  }
}
