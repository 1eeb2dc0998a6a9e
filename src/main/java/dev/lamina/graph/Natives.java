package dev.lamina.graph;

import dev.lamina.distributed.Cluster;
import dev.lamina.distributed.ClusterSession;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Graph;
import org.tensorflow.Session;

/**
 * The native graph and session of a {@link GraphSession}, and how they are freed: by its {@code
 * close}, else by the garbage collector. Must not refer to it, which could not be collected then.
 */
final class Natives implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(GraphSession.class);

  private final Graph graph;
  private final Session session;
  private volatile boolean closed;

  private Natives(Graph graph, Session session) {
    this.graph = graph;
    this.session = session;
  }

  static Natives of(Device device, Optional<Cluster> cluster) {
    if (cluster.isPresent()) {
      // The first one starts a server, which says so.
      ClusterSession made = NativeLog.quietly(() -> cluster.get().session(device.config()));
      return new Natives(made.graph(), made.session());
    }
    Graph graph = new Graph();
    return new Natives(graph, new Session(graph, device.config()));
  }

  Graph graph() {
    return graph;
  }

  Session session() {
    return session;
  }

  boolean isClosed() {
    return closed;
  }

  /** Marks them as closed by their owner, who frees them now. */
  void markClosed() {
    closed = true;
  }

  /** Frees them; warns if the owner did not ask for it. */
  @Override
  public void run() {
    if (!closed) {
      LOG.warn(
          "native memory of a model was freed by the garbage collector, which comes late or never;"
              + " close every Model, FrozenNetwork and GraphSession, best by try-with-resources");
    }
    // TensorFlow Java counts current runs, and waits for them.
    uninterrupted(session::close);
    uninterrupted(graph::close);
  }

  /** Retries, because TensorFlow Java stops closing and leaks if the thread is interrupted. */
  private static void uninterrupted(Runnable close) {
    boolean interrupted = Thread.interrupted();
    close.run();
    while (Thread.interrupted()) {
      interrupted = true;
      close.run();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
