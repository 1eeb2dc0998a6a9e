package dev.lamina.torture;

import dev.lamina.cli.Main;
import dev.lamina.graph.Context;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.LayerTypes;
import dev.lamina.network.Network;
import dev.lamina.registry.Options;
import dev.lamina.zoo.Zoo;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/** The command, with a network whose step never ends: it waits for a queue that stays empty. */
public final class EndlessStep {
  static final String NETWORK = "endless-step";

  private EndlessStep() {}

  /** The words of the command. */
  public static void main(String[] args) {
    LayerTypes.REGISTRY.register(
        "Waiting", Waiting.class, layer -> Options.none(), options -> new Waiting());
    Zoo.register(
        NETWORK,
        options -> {
          options.values().keySet().forEach(options::has);
          return Network.input(32, 32, 3)
              .then(new Waiting(), GlobalAveragePool.create(), Dense.of(2));
        });
    Main.main(args);
  }

  private record Waiting() implements Layer {
    @Override
    public Shape outputShape(Shape input) {
      return input;
    }

    @Override
    public Operand<TFloating> apply(Context context, Operand<TFloating> x) {
      Ops tf = context.tf();
      var queue = tf.io.fifoQueue(List.of(TFloat32.class));
      var never = tf.io.queueDequeue(queue.handle(), List.of(TFloat32.class));
      return tf.withControlDependencies(never).identity(x);
    }
  }
}
