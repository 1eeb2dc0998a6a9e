package dev.lamina.pipeline;

import com.google.common.primitives.Ints;
import com.google.common.util.concurrent.Uninterruptibles;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.GraphSession;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TUint8;

/**
 * Images that are read from disk batch by batch, on a separate thread, while the previous step
 * runs. Memory holds two batches, and three while one is run again.
 */
final class StreamedImages implements ImageSource {
  private record Pending(List<Integer> batch, Future<TUint8> pixels) {}

  private final GraphSession session;
  private final ImageSet set;
  private final Placeholder<TUint8> images;
  private final Placeholder<TInt32> labels;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lamina-images");
            thread.setDaemon(true);
            return thread;
          });

  /** Used only by the reader thread. */
  private ByteBuffer buffer = ByteBuffer.allocateDirect(0);

  StreamedImages(GraphSession session, ImageSet set) {
    this.session = session;
    this.set = set;
    Ops tf = session.device().host(session.ops().withSubScope("streamed"));
    images = tf.placeholder(TUint8.class, Placeholder.shape(shape(-1)));
    labels = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(-1)));
  }

  private Shape shape(int count) {
    return Shape.of(count, set.height(), set.width(), set.channels());
  }

  @Override
  public Operand<TUint8> images(Ops tf, Operand<TInt32> indices) {
    return images;
  }

  @Override
  public Operand<TInt32> labels(Ops tf, Operand<TInt32> indices) {
    return labels;
  }

  @Override
  public ImageSource other() {
    return new StreamedImages(session, set);
  }

  @Override
  public void load() {}

  @Override
  public void prepare(int[] batch) {
    pending.add(submit(batch));
  }

  private Pending submit(int[] batch) {
    return new Pending(Ints.asList(batch), reader.submit(() -> read(batch)));
  }

  @Override
  public Fed feed(Session.Runner runner, int[] batch) {
    TUint8 pixels = await(take(batch));
    TInt32 classes = TInt32.vectorOf(IntStream.of(batch).map(set::label).toArray());
    runner.feed(images, pixels).feed(labels, classes);
    return () -> {
      pixels.close();
      classes.close();
    };
  }

  /**
   * Returns a batch that was announced, and drops those before it, which were not run. Another
   * batch, such as that of a step which is repeated, is read now, and those announced stay.
   */
  private Pending take(int[] batch) {
    List<Integer> wanted = Ints.asList(batch);
    if (pending.stream().noneMatch(announced -> announced.batch().equals(wanted))) {
      return submit(batch);
    }
    while (!pending.element().batch().equals(wanted)) {
      await(pending.remove()).close();
    }
    return pending.remove();
  }

  private TUint8 read(int[] batch) {
    int bytes = Math.toIntExact(shape(batch.length).size());
    if (buffer.capacity() < bytes) {
      buffer = ByteBuffer.allocateDirect(bytes);
    }
    set.copyImages(batch, buffer.clear().limit(bytes));
    return TUint8.tensorOf(shape(batch.length), DataBuffers.of(buffer.flip()));
  }

  private static TUint8 await(Pending batch) {
    try {
      return Objects.requireNonNull(Uninterruptibles.getUninterruptibly(batch.pixels()));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error error) {
        throw error; // Such as no memory.
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /** Stops the reader, also if it has failed. */
  @Override
  public void close() {
    reader.shutdown();
    for (Pending batch : pending) {
      try {
        await(batch).close();
      } catch (RuntimeException | Error ignored) {
        // This batch will not run, and the one that failed before it has reported why.
      }
    }
    pending.clear();
  }
}
