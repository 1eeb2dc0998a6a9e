package dev.lamina.distributed;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/**
 * How workers tell each other a line of text: over TCP, through worker 0. Each sends its line and
 * gets those of all.
 */
interface Rendezvous {
  /** Returns that of a worker; it connects with the first exchange. */
  static Rendezvous of(Workers workers) {
    return workers.rank() == 0 ? new Coordinator(workers) : new Member(workers);
  }

  /**
   * Exchanges a line of text.
   *
   * @return the lines of all workers, by rank
   * @throws WorkersException if another worker does not answer in time
   */
  List<String> exchange(String mine, Duration timeout);

  /**
   * Waits until worker 0 calls this too, however long that takes; worker 0 waits for the others,
   * but not for those that have ended or do not answer in time.
   *
   * @throws WorkersException if worker 0 has ended
   */
  void awaitFirst();

  /** Returns this machine's address in the network of worker 0; call it after an exchange. */
  InetAddress address();
}
