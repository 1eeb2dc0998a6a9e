package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.State;
import dev.lamina.graph.StateKind;
import dev.lamina.graph.Variable;
import dev.lamina.model.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Keeps an exponential moving average of all weights and running statistics, updated inside the
 * graph after every step (Polyak and Juditsky, 1992; as {@code torch.optim.swa_utils} and timm's
 * {@code ModelEma} do):
 *
 * <pre>
 * average = decay * average + (1 - decay) * weight
 * </pre>
 *
 * <p>It starts at the weights before the first step. The averaged weights are evaluated after each
 * epoch, saved by the run, and assigned to the model when training has ended; they do not affect
 * training.
 *
 * @param decay the weight of the old average in each step, in (0, 1), such as 0.999
 */
public record Ema(double decay) implements Callback {
  /** Checks that decay is in (0, 1). */
  public Ema {
    checkArgument(decay > 0 && decay < 1, "decay must be in (0, 1), got %s", decay);
  }

  /** Returns the average with a decay. */
  public static Ema of(double decay) {
    return new Ema(decay);
  }

  @Override
  public Callback forRun() {
    return new Averaging(this);
  }

  /** The average of one run. */
  private static final class Averaging implements Callback {
    /** The weight of the new values. In float32, 1 - decay would have few digits. */
    private final float rate;

    private final Map<String, Variable> averages = new LinkedHashMap<>();

    Averaging(Ema options) {
      rate = (float) (1 - options.decay);
    }

    @Override
    public String name() {
      return "Ema";
    }

    @Override
    public List<Op> afterUpdate(Ops tf, State state, List<Variable> weights) {
      List<Op> updates = new ArrayList<>();
      for (Variable weight : weights) {
        Variable average =
            state.add("ema." + weight.name(), StateKind.CALLBACK, weight.parameter().shape());
        averages.put(weight.name(), average);
        Operand<TFloat32> now = tf.readVariableOp(weight.handle(), TFloat32.class);
        Operand<TFloat32> before = tf.readVariableOp(average.handle(), TFloat32.class);
        // average - (1 - decay) * (average - weight), one operation less.
        updates.add(
            tf.assignSubVariableOp(
                average.handle(), tf.math.mul(tf.math.sub(before, now), tf.constant(rate))));
      }
      return updates;
    }

    @Override
    public void onStart(RunPlan plan, RunHandle run) {
      CallbackState state = run.state(name());
      if (state.get("started", 0) == 0) {
        Map<Variable, float[]> values = new LinkedHashMap<>();
        Weights weights = run.weights();
        averages.forEach((name, average) -> values.put(average, weights.get(name)));
        run.assign(values);
        state.put("started", 1);
      }
      run.evaluationWeights(() -> averaged(run));
    }

    private Weights averaged(RunHandle run) {
      Map<String, float[]> values = new LinkedHashMap<>();
      averages.forEach((name, average) -> values.put(name, run.read(average)));
      return Weights.of(values);
    }
  }
}
