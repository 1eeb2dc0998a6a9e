package dev.lamina.train;

import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;

/** The callbacks that recipes in files can hold; custom callbacks can be registered. */
public final class CallbackTypes {
  /** The callbacks by their names in files. */
  public static final Registry<Callback> REGISTRY =
      Registry.<Callback>of("callback", "CallbackTypes.REGISTRY")
          .register(
              "EarlyStopping",
              EarlyStopping.class,
              x ->
                  Options.none()
                      .with("patience", x.patience())
                      .with("monitor", x.monitor())
                      .with("minDelta", x.minDelta()),
              CallbackTypes::earlyStopping)
          .register(
              "Ema",
              Ema.class,
              x -> Options.none().with("decay", x.decay()),
              o -> Ema.of(o.getDouble("decay")))
          .register(
              "ReduceOnPlateau",
              ReduceOnPlateau.class,
              x ->
                  Options.none()
                      .with("factor", x.factor())
                      .with("patience", x.patience())
                      .with("monitor", x.monitor())
                      .with("minDelta", x.minDelta()),
              CallbackTypes::reduceOnPlateau);

  private CallbackTypes() {}

  private static EarlyStopping earlyStopping(Options options) {
    EarlyStopping stopping = EarlyStopping.patience(options.getInt("patience"));
    return stopping
        .monitor(options.getString("monitor", stopping.monitor()))
        .minDelta(options.getDouble("minDelta", stopping.minDelta()));
  }

  private static ReduceOnPlateau reduceOnPlateau(Options options) {
    ReduceOnPlateau reduce =
        ReduceOnPlateau.of(options.getDouble("factor"), options.getInt("patience"));
    return reduce
        .monitor(options.getString("monitor", reduce.monitor()))
        .minDelta(options.getDouble("minDelta", reduce.minDelta()));
  }
}
