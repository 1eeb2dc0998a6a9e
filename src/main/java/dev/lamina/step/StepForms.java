package dev.lamina.step;

import dev.lamina.graph.GraphSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.op.Op;

/**
 * The operations of a step, as they were built or in a copy. XLA compiles for sizes, so the short
 * last batch of an epoch would be compiled for itself; it runs in a copy of the step that XLA
 * leaves alone.
 */
final class StepForms {
  private final GraphSession session;
  private final List<Op> operations = new ArrayList<>();
  private final GraphCopy built;

  /** The step without XLA, for short batches; null until there is one. */
  private @Nullable GraphCopy uncompiled;

  private final int batchSize;

  StepForms(
      GraphSession session, int batchSize, Update update, @Nullable Accumulation accumulation) {
    this.session = session;
    this.batchSize = batchSize;
    operations.add(update.all());
    if (accumulation != null) {
      operations.addAll(accumulation.operations());
    }
    built = GraphCopy.none(session.graph());
  }

  /** Returns what runs for a batch. */
  GraphCopy of(int[] batch) {
    if (!session.device().xla() || session.cluster().isPresent() || batch.length >= batchSize) {
      return built;
    }
    if (uncompiled == null) {
      uncompiled =
          new GraphCopy(
              session.ops().withSubScope("uncompiled"),
              Map.of(),
              builder -> builder.setAttr("_XlaCompile", false),
              operations);
    }
    return uncompiled;
  }
}
