package dev.lamina.graph;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.TensorFlow;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.internal.c_api.TFE_CustomDeviceTensorHandle.Num_dims_Pointer_TF_Status;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.op.Ops;

/**
 * Keeps the lines of TensorFlow's native code from standard error, unless {@code -Dlamina.log=info}
 * or {@code TF_CPP_MIN_LOG_LEVEL=0} asks for them. See docs/decisions/0033.
 */
public final class NativeLog {
  /** Read by TensorFlow when it first logs; 3 leaves fatal errors. */
  private static final String LEVEL = "TF_CPP_MIN_LOG_LEVEL";

  private static final int STDERR = 2;
  private static final int READ_ONLY = 0;
  private static final int WRITE_ONLY = 1;

  /** Of {@code fcntl} on Linux and macOS: to read a descriptor's flags, and the mode in them. */
  private static final int GET_FLAGS = 3;

  private static final int ACCESS = 3;

  /** What absl writes whatever the level, and TensorFlow if it has logged before. */
  private static final Pattern NATIVE_LINE =
      Pattern.compile(
          "WARNING: All log messages before absl::InitializeLog\\(\\).*"
              + "|[IWE]\\d{4} .*"
              + "|\\d{4}-\\d{2}-\\d{2} [\\d:.]+: [IWE] .*"
              + "|To enable the following instructions: .*");

  private static boolean done;

  /** The C library's environment keeps the pointer, so the text must not be freed. */
  private static @Nullable BytePointer variable;

  private NativeLog() {}

  /**
   * Does it, once a process. Every {@link GraphSession} calls this; a program that opens sessions
   * of its own calls it before the first.
   *
   * @param device the device whose configuration that session has
   */
  public static synchronized void silence(Device device) {
    NativeMemory.unlimit();
    if (done || isWanted()) {
      return;
    }
    done = true;
    TensorFlow.version(); // Loads the native library.
    if (System.getenv(LEVEL) == null) {
      variable = new BytePointer(LEVEL + "=3");
      call("putenv", variable, 0);
    }
    try {
      // absl writes its lines once, in the first run of a session.
      quietly(() -> runFirst(device));
    } catch (TensorFlowException e) {
      // Who needs the session meets its error.
    }
  }

  private static boolean isWanted() {
    return "info".equals(System.getProperty("lamina.log")) || "0".equals(System.getenv(LEVEL));
  }

  private static boolean runFirst(Device device) {
    try (Graph graph = new Graph();
        Session session = new Session(graph, device.config())) {
      session.runner().fetch(Ops.create(graph).constant(0)).run().close();
    }
    return true;
  }

  /** Returns the result of work during which the native code's lines are hidden. */
  static synchronized <T> T quietly(Supplier<T> work) {
    Path file;
    try {
      file = Files.createTempFile("lamina", ".log");
    } catch (IOException e) {
      // Without a place for temporary files the lines appear.
      return work.get();
    }
    try {
      return isWanted() ? work.get() : withStandardError(file, work);
    } finally {
      giveBack(file);
    }
  }

  private static <T> T withStandardError(Path file, Supplier<T> work) {
    if ((call("fcntl", new Address(STDERR), GET_FLAGS) & ACCESS) == READ_ONLY) {
      return work.get(); // A file that was opened where standard error is closed, such as a jar.
    }
    int before = call("dup", new Address(STDERR), 0);
    int to = call("open", new BytePointer(file.toString()), WRITE_ONLY);
    if (before < 0 || to < 0) {
      return work.get();
    }
    call("dup2", new Address(to), STDERR);
    try {
      return work.get();
    } finally {
      call("dup2", new Address(before), STDERR);
      call("close", new Address(before), 0);
      call("close", new Address(to), 0);
    }
  }

  /** Writes what others wrote in the meantime. */
  private static void giveBack(Path file) {
    try {
      String others =
          Files.readString(file, StandardCharsets.ISO_8859_1)
              .lines()
              .filter(line -> !NATIVE_LINE.matcher(line).matches())
              .map(line -> line + "\n")
              .collect(Collectors.joining());
      Files.delete(file);
      new FileOutputStream(FileDescriptor.err).write(others.getBytes(StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      // Nothing was written, or nobody reads it.
    }
  }

  /**
   * Calls a function of the C library that takes a pointer or a number, and a number. JavaCPP has
   * code to call a function of such a form for TensorFlow's own use.
   *
   * @return what it returns; -1 if there is none of the name, as on Windows
   */
  private static int call(String name, Pointer first, int second) {
    Pointer function = Loader.addressof(name);
    if (function == null) {
      return -1;
    }
    try (PointerPointer<Pointer> holder = new PointerPointer<>(2)) {
      holder.put(0, function).put(1, (Pointer) null);
      return new Num_dims_Pointer_TF_Status(holder).call(first, new TF_Status(new Address(second)));
    }
  }

  /** A number where a pointer is asked for. */
  private static final class Address extends Pointer {
    Address(long number) {
      address = number;
    }
  }
}
