package dev.lamina.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * A port of an address of this machine that the system gives to nobody until it is closed. A
 * process that is told the number can listen there meanwhile: on Linux a socket that is only bound
 * is no obstacle. Elsewhere it is one, so the port is chosen there and not held.
 */
public final class HeldPort implements AutoCloseable {
  private final Socket socket = new Socket();
  private final int number;

  /** Chooses a free port of the loopback address, as {@link #HeldPort(InetAddress)} does. */
  public HeldPort() {
    this(InetAddress.getLoopbackAddress());
  }

  /**
   * Chooses a free port.
   *
   * @param address an address of this machine
   * @throws UncheckedIOException if no port is free
   */
  public HeldPort(InetAddress address) {
    try {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(address, 0));
    } catch (IOException e) {
      throw new UncheckedIOException("no port is free (" + e + ")", e);
    }
    number = socket.getLocalPort();
    if (!System.getProperty("os.name").equals("Linux")) {
      close();
    }
  }

  /** Returns the number of the port. */
  public int number() {
    return number;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // It is not used any more.
    }
  }
}
