package dev.lamina.spark;

import com.google.common.net.HostAndPort;
import dev.lamina.io.HeldPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;

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

  /** The exit status of a worker that lost another one. */
  private static final int WORKER_LOST = 75;

  /** How much longer such a worker's failure is kept back, so that Spark hears of the other's. */
  private static final int GRACE_SECONDS = 5;

  @Override
  public Iterator<String> call(Iterator<Integer> none)
      throws IOException, InterruptedException, WorkerFailedException {
    BarrierTaskContext context = BarrierTaskContext.get();
    int rank = context.partitionId();
    try (HeldPort port = new HeldPort()) {
      String host = HostAndPort.fromString(context.getTaskInfos()[0].address()).getHost();
      String coordinator =
          context.allGather(HostAndPort.fromParts(host, port.number()).toString())[0];
      return run(context, rank, HostAndPort.fromString(coordinator)).iterator();
    }
  }

  private List<String> run(BarrierTaskContext context, int rank, HostAndPort coordinator)
      throws IOException, InterruptedException, WorkerFailedException {
    Path file = Files.createTempFile("lamina", ".json");
    Files.writeString(file, configuration);
    try (WorkerProcess worker =
        WorkerProcess.start(
            rank,
            context.getTaskInfos().length,
            coordinator,
            timeoutSeconds,
            context.cpus(),
            List.of("train", "--config", file.toString(), "--run", run))) {
      int status = await(context, worker);
      if (status != 0) {
        throw new WorkerFailedException(rank, status, worker.failure());
      }
      return rank == 0 ? worker.lines() : List.of();
    } finally {
      Files.delete(file);
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
