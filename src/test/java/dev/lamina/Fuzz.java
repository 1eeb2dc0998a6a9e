package dev.lamina;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lamina.io.LaminaException;
import dev.lamina.torture.Limit;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongPredicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a reader of outside bytes with damaged files and with noise. Whatever comes: the reader
 * takes it, or throws a {@link LaminaException} or {@link LaminaException} of one line that names
 * the file; and the heap memory that it takes meanwhile stays in proportion to the input.
 *
 * <p>There are a few thousand inputs, or the number in the system property {@link #LIMIT}. Then an
 * input that takes longer than 10 seconds fails too, and a line tells what was done. Input number n
 * depends on n alone; one that fails is kept in {@code target/fuzz}.
 */
public final class Fuzz {
  /** The system property that asks for the long form, by a {@link Limit} for each reader. */
  public static final String LIMIT = "fuzz.limit";

  /** Seconds. */
  private static final int MAX_STUCK = 10;

  private static final ThreadMXBean MEMORY = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Zl}\\p{Zp}]");

  /** Numbers that lie at the edge of something. */
  private static final long[] EDGES = {
    0,
    1,
    -1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0xffff,
    60_000,
    0x10000,
    1 << 24,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 32,
    1L << 60,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  /** What is fuzzed. */
  public interface Reader {
    /**
     * Reads the input.
     *
     * @param kind the index of the valid file that the input comes from
     */
    void read(byte[] input, int kind) throws Exception;
  }

  private final String name;
  private final List<byte[]> valid;
  private final Reader reader;
  private String file = "";
  private List<byte[]> words = List.of();
  private UnaryOperator<byte[]> repair = UnaryOperator.identity();
  private long fixed = 1 << 16;
  private long perByte = 100;

  private volatile int number;
  private volatile byte[] current = new byte[0];
  private volatile @Nullable Thread worker;
  private int done;
  private int accepted;
  private long slowest;
  private long largest;

  private Fuzz(String name, List<byte[]> valid, Reader reader) {
    this.name = name;
    this.valid = valid;
    this.reader = reader;
  }

  /** Fuzzes a reader with what can be made out of valid files. */
  public static Fuzz of(String name, List<byte[]> valid, Reader reader) {
    return new Fuzz(name, valid, reader);
  }

  /** What every message begins with; required. */
  public Fuzz file(Object file) {
    this.file = file.toString();
    return this;
  }

  /** Text that means something in the format, to be put anywhere. */
  public Fuzz words(String... words) {
    this.words = Arrays.stream(words).map(word -> word.getBytes(US_ASCII)).toList();
    return this;
  }

  /** Repairs checksums in half of the inputs; otherwise nothing after them is ever reached. */
  public Fuzz repair(UnaryOperator<byte[]> repair) {
    this.repair = repair;
    return this;
  }

  /** The heap memory that may be taken, in bytes: 65,536 and 100 for every byte unless set. */
  public Fuzz memory(long fixed, long perByte) {
    this.fixed = fixed;
    this.perByte = perByte;
    return this;
  }

  /** A new folder, in memory where the system has one there. */
  public static Path folder() throws IOException {
    Path shared = Path.of("/dev/shm");
    return Files.isWritable(shared)
        ? Files.createTempDirectory(shared, "fuzz")
        : Files.createTempDirectory("fuzz");
  }

  /** Fuzzes, with that many inputs in the short form. */
  public void run(int inputs) throws Exception {
    String wanted = System.getProperty(LIMIT);
    boolean longForm = wanted != null;
    LongPredicate enough = (wanted == null ? Limit.count(inputs) : Limit.parse(wanted)).start();
    for (int kind = 0; kind < valid.size(); kind++) {
      reader.read(valid.get(kind), kind);
    }
    long begin = System.nanoTime();
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      Future<?> all =
          thread.submit(
              () -> {
                worker = Thread.currentThread();
                while (!enough.test(done)) {
                  once(done++);
                }
                return null;
              });
      await(all, longForm);
    } finally {
      thread.shutdownNow();
    }
    if (longForm) {
      System.out.printf(
          Locale.ROOT,
          "fuzz %s: %,d inputs, %,d of them read, the others refused, in %d s; slowest %d ms,"
              + " most memory %,d bytes%n",
          name,
          done,
          accepted,
          TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin),
          TimeUnit.NANOSECONDS.toMillis(slowest),
          largest);
    }
    // Both ways were met; else the inputs are too tame or too wild.
    assertThat(accepted).as("inputs that were read").isBetween(1, done - 1);
  }

  private void await(Future<?> all, boolean longForm) throws Exception {
    int stuck = 0;
    for (int last = -1; true; last = number) {
      try {
        all.get(1, TimeUnit.SECONDS);
        return;
      } catch (TimeoutException e) {
        // Counted, not looked up: the whole process may be stopped for a while.
        stuck = number == last ? stuck + 1 : 0;
        if (longForm && stuck == MAX_STUCK) {
          AssertionError hangs = failure(number, current, "hangs", e);
          hangs.setStackTrace(Objects.requireNonNull(worker).getStackTrace());
          throw hangs;
        }
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Error error) {
          throw error;
        }
        throw e;
      }
    }
  }

  private void once(int n) throws IOException {
    Random random = new Random(n);
    int kind = random.nextInt(valid.size());
    byte[] input = random.nextInt(20) == 0 ? noise(random) : damaged(kind, random);
    current = input;
    number = n;
    long started = System.nanoTime();
    long taken = measure(n, input, kind);
    slowest = Math.max(slowest, System.nanoTime() - started);
    long allowed = fixed + perByte * input.length;
    if (taken > allowed) {
      // Again, as the first time may have loaded classes.
      taken = measure(n, input, kind);
      if (taken > allowed) {
        throw failure(n, input, taken + " bytes taken for " + input.length, null);
      }
    }
    largest = Math.max(largest, taken);
  }

  /** Reads once, and gives the bytes of heap that it took. */
  private long measure(int n, byte[] input, int kind) throws IOException {
    long before = MEMORY.getCurrentThreadAllocatedBytes();
    try {
      reader.read(input, kind);
      accepted++;
    } catch (LaminaException e) {
      if (!e.getMessage().startsWith(file)
          || e.getMessage().length() > file.length() + 1000
          || CONTROL.matcher(e.getMessage()).find()) {
        throw failure(n, input, "message must be one line about " + file, e);
      }
    } catch (Throwable e) {
      throw failure(n, input, "undocumented", e);
    }
    return MEMORY.getCurrentThreadAllocatedBytes() - before;
  }

  private AssertionError failure(int n, byte[] input, String what, Throwable cause)
      throws IOException {
    Path kept = Path.of("target", "fuzz", name.replace(' ', '-') + "-" + n);
    Files.createDirectories(kept.getParent());
    Files.write(kept, input);
    return new AssertionError(name + ", input " + n + " (" + kept + "): " + what, cause);
  }

  /** Noise, after the beginning of a valid file in half of the cases. */
  private byte[] noise(Random random) {
    byte[] bytes = new byte[random.nextInt(300)];
    random.nextBytes(bytes);
    if (random.nextBoolean()) {
      byte[] start = valid.get(random.nextInt(valid.size()));
      System.arraycopy(
          start, 0, bytes, 0, Math.min(random.nextInt(40), Math.min(start.length, bytes.length)));
    }
    return bytes;
  }

  private byte[] damaged(int kind, Random random) {
    byte[] bytes = valid.get(kind);
    // Half of all damage goes to the header.
    for (int i = random.nextInt(4); i >= 0; i--) {
      int end = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 64);
      bytes = damage(bytes, random.nextInt(end + 1), random);
    }
    return random.nextBoolean() ? repair.apply(bytes) : bytes;
  }

  private byte[] damage(byte[] bytes, int at, Random random) {
    int to = Math.min(bytes.length, at + random.nextInt(9));
    int next = Math.min(at + 1, bytes.length);
    return switch (random.nextInt(words.isEmpty() ? 7 : 9)) {
      case 0 -> splice(bytes, at, next, (byte) random.nextInt(256));
      case 1 ->
          splice(bytes, at, next, (byte) (at < next ? bytes[at] ^ 1 << random.nextInt(8) : 0));
      case 2 -> random.nextInt(4) == 0 ? Arrays.copyOf(bytes, at) : bytes;
      case 3 -> splice(bytes, at, to);
      case 4 -> {
        int from = random.nextInt(bytes.length + 1);
        yield splice(
            bytes,
            at,
            at,
            Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + random.nextInt(600))));
      }
      case 5, 6 -> {
        byte[] edge = edge(random);
        yield splice(bytes, at, Math.min(bytes.length, at + edge.length), edge);
      }
      default -> splice(bytes, at, to, words.get(random.nextInt(words.size())));
    };
  }

  private static byte[] edge(Random random) {
    int size = 1 << random.nextInt(4);
    byte[] big =
        ByteBuffer.allocate(8)
            .order(ByteOrder.BIG_ENDIAN)
            .putLong(EDGES[random.nextInt(EDGES.length)])
            .array();
    byte[] edge = Arrays.copyOfRange(big, 8 - size, 8);
    if (random.nextBoolean()) {
      for (int i = 0; i < size; i++) {
        edge[i] = big[7 - i];
      }
    }
    return edge;
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte... replacement) {
    byte[] spliced = new byte[from + replacement.length + bytes.length - to];
    System.arraycopy(bytes, 0, spliced, 0, from);
    System.arraycopy(replacement, 0, spliced, from, replacement.length);
    System.arraycopy(bytes, to, spliced, from + replacement.length, bytes.length - to);
    return spliced;
  }
}
