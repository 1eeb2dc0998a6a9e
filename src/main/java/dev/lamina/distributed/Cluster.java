package dev.lamina.distributed;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.net.HostAndPort;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import dev.lamina.io.Version;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Server;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ClusterDef;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.JobDef;
import org.tensorflow.proto.RewriterConfig;
import org.tensorflow.proto.ServerDef;
import org.tensorflow.types.family.TNumber;

/**
 * The workers that this process trains together with, on TensorFlow's own runtime. Once a process
 * has joined, every {@code Model} that it makes belongs to all of them: {@code Trainer} trains it
 * in step with the same model of the others.
 *
 * <pre>{@code
 * Workers.fromEnvironment(System.getenv()).ifPresent(Cluster::join);
 * }</pre>
 *
 * <p>TensorFlow has one server in a process and cannot stop it: a process joins once, and leaves
 * when it ends. The server listens on every network interface and is neither encrypted nor
 * authenticated: use a private network.
 */
public final class Cluster {
  private static final String JOB = "worker";
  private static final int GROUP = 1;

  /** How long the others may take to say that they are there, after a step has failed. */
  private static final Duration ROLL_CALL = Duration.ofSeconds(15);

  private static @Nullable Cluster joined;

  private final Workers workers;
  private final Rendezvous rendezvous;
  private final AtomicInteger collectives = new AtomicInteger();

  /** Held until the server takes it, so that no other program does. */
  private final ServerSocket port;

  private List<String> addresses = List.of();
  private @Nullable Server server;

  private Cluster(Workers workers) {
    this.workers = workers;
    rendezvous = Rendezvous.of(workers);
    try {
      port = new ServerSocket(0);
    } catch (IOException e) {
      throw new UncheckedIOException("no port is free (" + e + ")", e);
    }
  }

  /**
   * Waits for the other workers and connects this process with them.
   *
   * @throws WorkersException if not all came in time
   * @throws LaminaException if worker 0 cannot listen at its address, or the workers are of
   *     different versions or sizes, or two have the same rank
   * @throws IllegalStateException if this process has joined already
   */
  public static synchronized Cluster join(Workers workers) {
    checkState(joined == null, "a process can join workers only once");
    joined = meet(workers, Version.get());
    return joined;
  }

  /** Connects a worker of a version with the others. */
  static Cluster meet(Workers workers, String version) {
    Cluster cluster = new Cluster(workers);
    cluster.meet(version);
    return cluster;
  }

  /** Returns the workers that this process has joined; empty if it trains alone. */
  public static synchronized Optional<Cluster> joined() {
    return Optional.ofNullable(joined);
  }

  private void meet(String version) {
    // The first exchange connects; only then is this machine's address in their network known.
    checkSame("version", exchange(version));
    String own =
        HostAndPort.fromParts(rendezvous.address().getHostAddress(), port.getLocalPort())
            .toString();
    addresses = exchange(own);
  }

  /**
   * Exchanges a line of text. All workers have to call it, between two steps.
   *
   * @return the lines of all, by rank
   * @throws WorkersException if a worker does not answer in time
   */
  public List<String> exchange(String line) {
    return rendezvous.exchange(line, workers.timeout());
  }

  /**
   * Waits until worker 0 is here, however long that takes: workers that have ended could not start
   * again together with it if its last work fails. Worker 0 itself waits for none that has ended or
   * is silent, since it does not need them any more.
   *
   * @throws WorkersException if worker 0 has ended
   */
  public void awaitFirst() {
    rendezvous.awaitFirst();
  }

  /** Returns the number of this worker, from 0. */
  public int rank() {
    return workers.rank();
  }

  /** Returns the number of workers. */
  public int size() {
    return workers.size();
  }

  /** Returns whether this is worker 0, which writes the files of all. */
  public boolean isFirst() {
    return workers.rank() == 0;
  }

  /**
   * Checks that the workers have the same metadata, before they start to work. All have to call it.
   *
   * @param metadata values by their names, the same names on all workers
   * @throws LaminaException on all workers if a value differs on one; the message names it
   * @throws WorkersException if a worker does not answer in time
   */
  public void agree(Map<String, String> metadata) {
    List<Map<String, String>> all =
        exchange(Lines.write(metadata)).stream().map(Lines::read).toList();
    metadata.keySet().forEach(name -> checkSame(name, values(all, name)));
  }

  private static List<String> values(List<Map<String, String>> all, String name) {
    return all.stream().map(metadata -> metadata.getOrDefault(name, "nothing")).toList();
  }

  private static void checkSame(String name, List<String> values) {
    for (int rank = 1; rank < values.size(); rank++) {
      if (!values.get(rank).equals(values.get(0))) {
        throw new LaminaException(
            "%s must be the same on all workers, is %s on rank 0 and %s on rank %s; %s"
                .formatted(
                    name,
                    Messages.singleLine(values.get(0)),
                    Messages.singleLine(values.get(rank)),
                    rank,
                    // Unless set, the processor decides it.
                    name.equals("precision")
                        ? "set it on all, with --precision or Trainer.Builder.precision"
                        : "start all with the same command, images and run folder"));
      }
    }
  }

  /**
   * Returns a new session whose graph may contain {@link #sum}.
   *
   * @param config of the session; the first one is that of all
   */
  public synchronized ClusterSession session(ConfigProto config) {
    ConfigProto.Builder builder =
        config.toBuilder()
            // Otherwise variables of the same name in two sessions would be one, and never freed.
            .setIsolateSessionState(true)
            .addDeviceFilters("/job:%s/task:%s".formatted(JOB, workers.rank()));
    builder
        .getExperimentalBuilder()
        .setCollectiveGroupLeader("/job:%s/replica:0/task:0".formatted(JOB));
    // Remapping fuses a convolution with its bias, for oneDNN also in bfloat16. Between processes
    // the fused operation is checked against TensorFlow's own, which does not take bfloat16.
    builder
        .getGraphOptionsBuilder()
        .getRewriteOptionsBuilder()
        .setRemapping(RewriterConfig.Toggle.OFF);
    ConfigProto ours = builder.build();
    if (server == null) {
      server = start(ours);
    }
    return ClusterSession.of("grpc://" + addresses.get(workers.rank()), ours);
  }

  private Server start(ConfigProto config) {
    JobDef.Builder job = JobDef.newBuilder().setName(JOB);
    for (int rank = 0; rank < addresses.size(); rank++) {
      job.putTasks(rank, addresses.get(rank));
    }
    ServerDef definition =
        ServerDef.newBuilder()
            .setCluster(ClusterDef.newBuilder().addJob(job))
            .setJobName(JOB)
            .setTaskIndex(workers.rank())
            .setProtocol("grpc")
            .setDefaultSessionConfig(config)
            .build();
    try {
      port.close();
      Server started = new Server(definition);
      started.start();
      return started;
    } catch (IOException | TensorFlowException e) {
      throw new LaminaException(
          "TensorFlow cannot listen at %s (%s); start all workers again"
              .formatted(addresses.get(workers.rank()), Messages.reason(e)),
          e);
    }
  }

  /**
   * Adds the sum over all workers to a graph of {@link #session}. All have to add the same sums in
   * the same order, and to run each equally often: a run waits for the others, up to the timeout.
   *
   * @param x of the same shape on all workers
   */
  public <T extends TNumber> Operand<T> sum(Ops tf, Operand<T> x) {
    return CollectiveSum.of(
        tf, x, workers.size(), GROUP, collectives.incrementAndGet(), workers.timeout());
  }

  /**
   * Returns what to throw if a run that may have waited for the others failed. If it failed because
   * of them, that is a {@link WorkersException} that names those that do not answer.
   */
  public RuntimeException explain(TensorFlowException failure) {
    // Failures of this process have classes of their own: out of memory, an invalid argument.
    if (failure.getClass() != TensorFlowException.class) {
      return failure;
    }
    String reason = "all of them answer; see what the others printed, and start all again";
    try {
      rendezvous.exchange("", ROLL_CALL);
    } catch (WorkersException e) {
      reason = e.getMessage();
    }
    return new WorkersException(
        "worker %s lost another one: %s (%s)"
            .formatted(workers.rank(), reason, Messages.singleLine(failure.getMessage())),
        failure);
  }
}
