package dev.lamina.distributed;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A TCP connection that lines of text are read from and written to. */
final class Connection implements AutoCloseable {
  private final Socket socket;
  private final BufferedReader reader;

  Connection(Socket socket) throws IOException {
    this.socket = socket;
    socket.setKeepAlive(true); // The only sign of the other side's machine while it is silent.
    reader =
        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Reads a line; throws if there is none until a moment of {@link System#nanoTime()}. */
  String read(long deadline) throws IOException {
    long millis = (deadline - System.nanoTime()) / 1_000_000;
    socket.setSoTimeout((int) Math.max(1, Math.min(Integer.MAX_VALUE, millis)));
    String line = reader.readLine();
    if (line == null) {
      throw new EOFException("it has ended");
    }
    return line;
  }

  void write(String line) throws IOException {
    socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Returns whether the other side has ended. */
  boolean isGone() {
    try {
      socket.setSoTimeout(1);
      return reader.read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  InetAddress localAddress() {
    return socket.getLocalAddress();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // Nobody uses it any more.
    }
  }
}
