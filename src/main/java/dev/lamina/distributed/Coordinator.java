package dev.lamina.distributed;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Joiner;
import dev.lamina.io.LaminaException;
import dev.lamina.io.Messages;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** The {@link Rendezvous} of worker 0. */
final class Coordinator implements Rendezvous {
  /** How long whoever connects may take to say who it is: long, for busy machines. */
  private static final long HELLO_NANOS = 30_000_000_000L;

  private final Workers workers;
  private final Map<Integer, Connection> members = new TreeMap<>();
  private final InetAddress address;

  Coordinator(Workers workers) {
    this.workers = workers;
    address = new InetSocketAddress(workers.host(), workers.port()).getAddress();
  }

  @Override
  public InetAddress address() {
    return address;
  }

  @Override
  public List<String> exchange(String mine, Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    Map<Integer, String> lines = new TreeMap<>();
    lines.put(0, mine);
    try {
      if (members.isEmpty()) {
        accept(lines, deadline, timeout);
      } else {
        read(lines, deadline, timeout);
      }
    } catch (WorkersException e) {
      tellAll(Lines.refusal(String.valueOf(e.getMessage())));
      throw e;
    }
    tellAll(Lines.answer(lines.values()));
    return List.copyOf(lines.values());
  }

  @Override
  public void awaitFirst() {
    Duration timeout = workers.timeout();
    try {
      read(new TreeMap<>(), System.nanoTime() + timeout.toNanos(), timeout);
    } catch (WorkersException e) {
      // Nothing of the others is needed any more.
    }
    tellAll(Lines.answer(List.of()));
  }

  /** Waits until every rank has connected and said its first line. */
  private void accept(Map<Integer, String> lines, long deadline, Duration timeout) {
    try (ServerSocket server = listen()) {
      while (lines.size() < workers.size()) {
        long millis = (deadline - System.nanoTime()) / 1_000_000;
        server.setSoTimeout((int) Math.max(1, Math.min(Integer.MAX_VALUE, millis)));
        Connection connection = new Connection(server.accept());
        try {
          long late = Math.min(deadline, System.nanoTime() + HELLO_NANOS);
          welcome(connection, connection.read(late), lines);
        } catch (IOException e) {
          connection.close(); // Not a worker, or one that has ended.
        }
      }
    } catch (SocketTimeoutException e) {
      throw gone(absent(lines), silence(timeout));
    } catch (IOException e) {
      throw new WorkersException("workers could not be waited for (" + e + "); start all again", e);
    }
  }

  private ServerSocket listen() throws IOException {
    ServerSocket server = new ServerSocket();
    try {
      server.setReuseAddress(true);
      server.bind(new InetSocketAddress(workers.host(), workers.port()));
      return server;
    } catch (IOException e) {
      server.close();
      throw new LaminaException(
          "worker 0 cannot listen at %s:%s (%s); the address must be one of this machine, and the port free"
              .formatted(workers.host(), workers.port(), Messages.reason(e)),
          e);
    }
  }

  private void welcome(Connection connection, String hello, Map<Integer, String> lines)
      throws IOException {
    JsonNode message = Lines.parse(hello);
    if (!message.path("rank").isInt() || !message.path("text").isTextual()) {
      throw new IOException("not a worker");
    }
    int rank = message.path("rank").intValue();
    int size = message.path("size").intValue();
    Connection before = members.put(rank, connection);
    if (size != workers.size()) {
      throw new WorkersException(
          "all workers must be started with the same size, rank 0 is of %s, rank %s of %s"
              .formatted(workers.size(), rank, size));
    }
    if (rank == 0 || (before != null && !before.isGone())) {
      throw new WorkersException(
          "every worker must have another rank, two have rank " + rank + "; start each rank once");
    }
    lines.put(rank, message.path("text").textValue());
  }

  private void read(Map<Integer, String> lines, long deadline, Duration timeout) {
    List<Integer> silent = new ArrayList<>();
    List<Integer> ended = new ArrayList<>();
    members.forEach(
        (rank, connection) -> {
          try {
            String line = connection.read(deadline);
            lines.put(rank, Lines.parse(line).path("text").asText());
          } catch (SocketTimeoutException e) {
            silent.add(rank);
          } catch (IOException e) {
            ended.add(rank);
          }
        });
    if (!ended.isEmpty()) {
      throw gone(ended, "ended");
    }
    if (!silent.isEmpty()) {
      throw gone(silent, silence(timeout));
    }
  }

  private List<Integer> absent(Map<Integer, String> lines) {
    return IntStream.range(0, workers.size())
        .filter(rank -> !lines.containsKey(rank))
        .boxed()
        .toList();
  }

  private static String silence(Duration timeout) {
    return "did not answer within " + timeout.toSeconds() + " s";
  }

  private WorkersException gone(List<Integer> ranks, String how) {
    return new WorkersException(
        "%s %s of %s workers %s; see what was printed there, and start all again"
            .formatted(
                ranks.size() == 1 ? "rank" : "ranks",
                Joiner.on(", ").join(ranks),
                workers.size(),
                how));
  }

  private void tellAll(String line) {
    members
        .values()
        .forEach(
            connection -> {
              try {
                connection.write(line);
              } catch (IOException e) {
                // It has ended: the next exchange or the next step finds that out.
              }
            });
  }
}
