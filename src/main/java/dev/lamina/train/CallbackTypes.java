package dev.lamina.train;

import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;

/** The callbacks that recipes in files can hold; custom callbacks can be registered. */
public final class CallbackTypes {
  /** The callbacks by their names in files. */
  public static final Registry<Callback> REGISTRY =
      Registry.<Callback>of("callback", "CallbackTypes.REGISTRY")
          .register(
              "BestModel",
              BestModel.class,
              x ->
                  Options.none()
                      .with("file", x.file().toString())
                      .with("monitor", x.monitor())
                      .with("lowest", x.lowest()),
              CallbackTypes::bestModel)
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
              "JsonLines",
              JsonLines.class,
              x -> Options.none().with("file", x.file().toString()).with("every", x.every()),
              o -> JsonLines.to(Path.of(o.getString("file"))).everySteps(o.getLong("every", 0)))
          .register(
              "ReduceOnPlateau",
              ReduceOnPlateau.class,
              x ->
                  Options.none()
                      .with("factor", x.factor())
                      .with("patience", x.patience())
                      .with("monitor", x.monitor())
                      .with("minDelta", x.minDelta()),
              CallbackTypes::reduceOnPlateau)
          .register("Swa", Swa.class, CallbackTypes::options, CallbackTypes::swa)
          .register(
              "Throughput", Throughput.class, x -> Options.none(), options -> Throughput.create())
          .register(
              "TimeLimit",
              TimeLimit.class,
              x -> Options.none().with("minutes", minutes(x.limit())),
              o -> TimeLimit.of(Duration.ofMillis(Math.round(o.getDouble("minutes") * 60e3))));

  private CallbackTypes() {}

  private static BestModel bestModel(Options options) {
    BestModel best = BestModel.in(Path.of(options.getString("file")));
    return new BestModel(
        best.file(),
        options.getString("monitor", best.monitor()),
        options.getBoolean("lowest", best.lowest()));
  }

  private static Options options(Swa swa) {
    Options options = Options.none().with("start", swa.start()).with("every", swa.every());
    return swa.high().isEmpty()
        ? options
        : options
            .with("high", swa.high().getAsDouble())
            .with("low", swa.low().orElseThrow())
            .with("anneal", swa.anneal());
  }

  private static Swa swa(Options options) {
    Swa swa = Swa.from(options.getInt("start"));
    return new Swa(
        swa.start(),
        options.getInt("every", swa.every()),
        number(options, "high"),
        number(options, "low"),
        options.getInt("anneal", swa.anneal()));
  }

  /** Returns a time in minutes, to milliseconds; a long has no room for the longest. */
  private static double minutes(Duration time) {
    return (time.toSeconds() * 1e3 + time.toMillisPart()) / 60e3;
  }

  private static OptionalDouble number(Options options, String name) {
    return options.has(name) ? OptionalDouble.of(options.getDouble(name)) : OptionalDouble.empty();
  }

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
