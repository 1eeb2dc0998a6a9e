package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Precision;
import dev.lamina.graph.Role;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import java.util.Optional;
import java.util.OptionalDouble;

/** The optimizers that can be stored in files; custom optimizers can be registered. */
public final class OptimizerTypes {
  /** The optimizers by their names in files. */
  public static final Registry<Optimizer> REGISTRY =
      Registry.<Optimizer>of("optimizer", "OptimizerTypes.REGISTRY")
          .register("Adam", Adam.class, OptimizerTypes::optionsOf, OptimizerTypes::adam)
          .register("Lars", Lars.class, OptimizerTypes::optionsOf, OptimizerTypes::lars)
          .register(
              "Lookahead", Lookahead.class, OptimizerTypes::optionsOf, OptimizerTypes::lookahead)
          .register(
              "Momentum",
              MomentumOptimizer.class,
              OptimizerTypes::optionsOf,
              OptimizerTypes::momentum)
          .register("Muon", Muon.class, OptimizerTypes::optionsOf, OptimizerTypes::muon)
          .register("Sgd", Sgd.class, x -> write(x.transform()), o -> new Sgd(readTransform(o)));

  private OptimizerTypes() {}

  /** Returns the clipping and weight decay of an optimizer as options, for its writer. */
  public static Options write(GradientTransform transform) {
    Options options =
        Options.none()
            .with("weightDecay", transform.weightDecay())
            .with("decayKernelsOnly", transform.kernelsOnly());
    if (transform.decoupled()) {
      options = options.with("decoupled", true);
    }
    return Double.isFinite(transform.clipNorm())
        ? options.with("clipNorm", transform.clipNorm())
        : options;
  }

  /** Returns the clipping and weight decay that {@link #write} wrote, for an optimizer's reader. */
  public static GradientTransform readTransform(Options options) {
    GradientTransform none = GradientTransform.NONE;
    return new GradientTransform(
        options.getDouble("weightDecay", none.weightDecay()),
        options.getBoolean("decoupled", none.decoupled()),
        options.getBoolean("decayKernelsOnly", none.kernelsOnly()),
        options.getDouble("clipNorm", none.clipNorm()));
  }

  /** Returns a group of parameters as options. */
  public static Options write(ParameterGroup group) {
    Options options =
        Options.none()
            .with("layers", group.layers())
            .with("roles", group.roles())
            .with("names", group.names())
            .with("rate", group.rate());
    if (group.weightDecay().isPresent()) {
      options = options.with("weightDecay", group.weightDecay().getAsDouble());
    }
    return group.momentum().isPresent()
        ? options.with("momentum", group.momentum().getAsDouble())
        : options;
  }

  /** Returns the group that {@link #write(ParameterGroup)} wrote. */
  public static ParameterGroup readGroup(Options options) {
    Options own = options.owner("parameter group \"%s\"".formatted(options.path()));
    ParameterGroup all = ParameterGroup.matching();
    ParameterGroup group =
        new ParameterGroup(
            own.has("layers") ? own.getStrings("layers") : all.layers(),
            own.has("roles") ? own.getEnums("roles", Role.class) : all.roles(),
            own.has("names") ? own.getStrings("names") : all.names(),
            own.getDouble("rate", all.rate()),
            optional(own, "weightDecay"),
            optional(own, "momentum"));
    own.checkNoOthers();
    return group;
  }

  private static OptionalDouble optional(Options options, String name) {
    return options.has(name) ? OptionalDouble.of(options.getDouble(name)) : OptionalDouble.empty();
  }

  private static Options optionsOf(Adam adam) {
    return write(adam.transform())
        .with("beta1", adam.beta1())
        .with("beta2", adam.beta2())
        .with("epsilon", adam.epsilon());
  }

  private static Adam adam(Options options) {
    Adam adam = Adam.create();
    Adam read =
        new Adam(
            options.getDouble("beta1", adam.beta1()),
            options.getDouble("beta2", adam.beta2()),
            options.getDouble("epsilon", adam.epsilon()),
            readTransform(options));
    // Files of 0.1 have two weight decays.
    double decoupled = options.getDouble("decoupledDecay", 0);
    if (decoupled == 0) {
      return read;
    }
    checkArgument(
        read.transform().weightDecay() == 0,
        "weightDecay must be 0 beside decoupledDecay, got %s",
        read.transform().weightDecay());
    return read.weightDecay(decoupled).withDecoupledDecay();
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

  private static Options optionsOf(Lars lars) {
    return write(lars.transform())
        .with("momentum", lars.momentum())
        .with("trustCoefficient", lars.trustCoefficient());
  }

  private static Lars lars(Options options) {
    Lars lars = Lars.of(options.getDouble("momentum"));
    return new Lars(
        lars.momentum(),
        options.getDouble("trustCoefficient", lars.trustCoefficient()),
        readTransform(options));
  }

  private static Options optionsOf(Lookahead lookahead) {
    return Options.none()
        .with("optimizer", REGISTRY.write(lookahead.optimizer()))
        .with("steps", lookahead.steps())
        .with("alpha", lookahead.alpha());
  }

  private static Lookahead lookahead(Options options) {
    Lookahead lookahead = Lookahead.of(REGISTRY.read(options.getOptions("optimizer")));
    return lookahead
        .steps(options.getInt("steps", lookahead.steps()))
        .alpha(options.getDouble("alpha", lookahead.alpha()));
  }

  private static Options optionsOf(Muon muon) {
    Options options =
        write(muon.transform())
            .with("momentum", muon.momentum())
            .with("normalized", muon.normalized());
    return muon.precision().map(format -> options.with("precision", format)).orElse(options);
  }

  private static Muon muon(Options options) {
    Muon muon = Muon.of(options.getDouble("momentum"));
    return new Muon(
        muon.momentum(),
        options.getBoolean("normalized", muon.normalized()),
        options.has("precision")
            ? Optional.of(options.getEnum("precision", Precision.class))
            : Optional.empty(),
        readTransform(options));
  }
}
