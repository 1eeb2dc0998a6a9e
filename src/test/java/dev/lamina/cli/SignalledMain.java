package dev.lamina.cli;

import com.google.errorprone.annotations.FormatMethod;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/**
 * The command, which sends itself a signal when it prints a text, and goes on when the signal has
 * arrived: however busy the machine is, it comes at that moment.
 */
public final class SignalledMain {
  private SignalledMain() {}

  /** The text, the name of the signal, and the words of the command. */
  public static void main(String[] args) {
    System.setErr(new Err(args[0], args[1]));
    System.exit(Main.run(Arrays.copyOfRange(args, 2, args.length)));
  }

  private static final class Err extends PrintStream {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final String text;
    private final String signal;

    Err(String text, String signal) {
      super(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
      this.text = text;
      this.signal = signal;
    }

    @Override
    @FormatMethod
    public PrintStream printf(Locale locale, String format, Object... args) {
      super.printf(locale, format, args);
      printed(String.format(locale, format, args));
      return this;
    }

    @Override
    public void println(String line) {
      super.println(line);
      printed(line);
    }

    private void printed(String words) {
      if (words.contains("stopping after this step")) {
        arrived.countDown();
      } else if (words.contains(text)) {
        try {
          String pid = Long.toString(ProcessHandle.current().pid());
          new ProcessBuilder("kill", "-" + signal, pid).start().waitFor();
          arrived.await();
        } catch (IOException | InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }
}
