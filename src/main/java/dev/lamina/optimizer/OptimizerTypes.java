package dev.lamina.optimizer;

import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;

/** The optimizers that can be stored in files; custom optimizers can be registered. */
public final class OptimizerTypes {
  /** The optimizers by their names in files. */
  public static final Registry<Optimizer> REGISTRY =
      Registry.<Optimizer>of("optimizer", "OptimizerTypes.REGISTRY")
          .register("Adam", Adam.class, OptimizerTypes::optionsOf, OptimizerTypes::adam)
          .register(
              "Momentum",
              MomentumOptimizer.class,
              OptimizerTypes::optionsOf,
              OptimizerTypes::momentum)
          .register("Sgd", Sgd.class, x -> write(x.transform()), o -> new Sgd(readTransform(o)));

  private OptimizerTypes() {}

  /** Returns the clipping and weight decay of an optimizer as options, for its writer. */
  public static Options write(GradientTransform transform) {
    Options options =
        Options.none()
            .with("weightDecay", transform.weightDecay())
            .with("decayKernelsOnly", transform.kernelsOnly());
    return Double.isFinite(transform.clipNorm())
        ? options.with("clipNorm", transform.clipNorm())
        : options;
  }

  /** Returns the clipping and weight decay that {@link #write} wrote, for an optimizer's reader. */
  public static GradientTransform readTransform(Options options) {
    GradientTransform none = GradientTransform.NONE;
    return new GradientTransform(
        options.getDouble("weightDecay", none.weightDecay()),
        options.getBoolean("decayKernelsOnly", none.kernelsOnly()),
        options.getDouble("clipNorm", none.clipNorm()));
  }

  private static Options optionsOf(Adam adam) {
    return write(adam.transform())
        .with("beta1", adam.beta1())
        .with("beta2", adam.beta2())
        .with("epsilon", adam.epsilon())
        .with("decoupledDecay", adam.decoupledDecay());
  }

  private static Adam adam(Options options) {
    Adam adam = Adam.create();
    return new Adam(
        options.getDouble("beta1", adam.beta1()),
        options.getDouble("beta2", adam.beta2()),
        options.getDouble("epsilon", adam.epsilon()),
        options.getDouble("decoupledDecay", adam.decoupledDecay()),
        readTransform(options));
  }

  private static Options optionsOf(MomentumOptimizer optimizer) {
    return write(optimizer.transform())
        .with("momentum", optimizer.momentum())
        .with("nesterov", optimizer.nesterov());
  }

  private static MomentumOptimizer momentum(Options options) {
    MomentumOptimizer optimizer = MomentumOptimizer.of(options.getDouble("momentum"));
    return new MomentumOptimizer(
        optimizer.momentum(),
        options.getBoolean("nesterov", optimizer.nesterov()),
        readTransform(options));
  }
}
