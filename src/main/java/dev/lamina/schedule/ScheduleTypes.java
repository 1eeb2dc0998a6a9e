package dev.lamina.schedule;

import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;

/** The schedules that files can hold; a schedule of one's own is registered beside them. */
public final class ScheduleTypes {
  /** The schedules by the names that they have in files. */
  public static final Registry<Schedule> REGISTRY =
      Registry.<Schedule>of("schedule", "ScheduleTypes.REGISTRY")
          .register("Constant", Constant.class, ScheduleTypes::optionsOf, ScheduleTypes::constant)
          .register("Cosine", Cosine.class, ScheduleTypes::optionsOf, ScheduleTypes::cosine)
          .register("OneCycle", OneCycle.class, ScheduleTypes::optionsOf, ScheduleTypes::oneCycle)
          .register(
              "PiecewiseLinear",
              PiecewiseLinear.class,
              ScheduleTypes::optionsOf,
              ScheduleTypes::piecewiseLinear)
          .register(
              "Polynomial", Polynomial.class, ScheduleTypes::optionsOf, ScheduleTypes::polynomial)
          .register(
              "StepDecay", StepDecay.class, ScheduleTypes::optionsOf, ScheduleTypes::stepDecay)
          .register("WarmUp", WarmUp.class, ScheduleTypes::optionsOf, ScheduleTypes::warmUp);

  private ScheduleTypes() {}

  private static Options optionsOf(Constant schedule) {
    return Options.none().with("rate", schedule.rate());
  }

  private static Constant constant(Options options) {
    return Constant.of(options.getDouble("rate"));
  }

  private static Options optionsOf(Cosine schedule) {
    return Options.none()
        .with("peak", schedule.peak())
        .with("floor", schedule.floor())
        .with("firstCycle", schedule.firstCycle())
        .with("growth", schedule.growth());
  }

  private static Cosine cosine(Options options) {
    Cosine schedule = Cosine.of(options.getDouble("peak"));
    return new Cosine(
        schedule.peak(),
        options.getDouble("floor", schedule.floor()),
        options.getLong("firstCycle", schedule.firstCycle()),
        options.getInt("growth", schedule.growth()));
  }

  private static Options optionsOf(OneCycle schedule) {
    return Options.none()
        .with("peak", schedule.peak())
        .with("pctStart", schedule.pctStart())
        .with("divFactor", schedule.divFactor())
        .with("finalDivFactor", schedule.finalDivFactor())
        .with("anneal", schedule.anneal())
        .with("threePhase", schedule.threePhase())
        .with("cycleMomentum", schedule.cycleMomentum())
        .with("baseMomentum", schedule.baseMomentum())
        .with("maxMomentum", schedule.maxMomentum());
  }

  private static OneCycle oneCycle(Options options) {
    OneCycle schedule = OneCycle.of(options.getDouble("peak"));
    return schedule
        .pctStart(options.getDouble("pctStart", schedule.pctStart()))
        .divFactor(options.getDouble("divFactor", schedule.divFactor()))
        .finalDivFactor(options.getDouble("finalDivFactor", schedule.finalDivFactor()))
        .anneal(options.getEnum("anneal", schedule.anneal()))
        .threePhase(options.getBoolean("threePhase", schedule.threePhase()))
        .cycleMomentum(options.getBoolean("cycleMomentum", schedule.cycleMomentum()))
        .momentumRange(
            options.getDouble("baseMomentum", schedule.baseMomentum()),
            options.getDouble("maxMomentum", schedule.maxMomentum()));
  }

  private static Options optionsOf(PiecewiseLinear schedule) {
    return Options.none().with("knots", schedule.knots()).with("values", schedule.values());
  }

  private static PiecewiseLinear piecewiseLinear(Options options) {
    return new PiecewiseLinear(options.getLongs("knots"), options.getDoubles("values"));
  }

  private static Options optionsOf(Polynomial schedule) {
    return Options.none()
        .with("peak", schedule.peak())
        .with("end", schedule.end())
        .with("power", schedule.power());
  }

  private static Polynomial polynomial(Options options) {
    Polynomial schedule = Polynomial.of(options.getDouble("peak"));
    return schedule
        .end(options.getDouble("end", schedule.end()))
        .power(options.getDouble("power", schedule.power()));
  }

  private static Options optionsOf(StepDecay schedule) {
    return Options.none()
        .with("rate", schedule.rate())
        .with("milestones", schedule.milestones())
        .with("factor", schedule.factor());
  }

  private static StepDecay stepDecay(Options options) {
    StepDecay schedule =
        StepDecay.of(options.getDouble("rate"), options.getLongs("milestones").toArray());
    return schedule.factor(options.getDouble("factor", schedule.factor()));
  }

  private static Options optionsOf(WarmUp schedule) {
    return Options.none()
        .with("length", schedule.length())
        .with("schedule", REGISTRY.write(schedule.schedule()));
  }

  private static WarmUp warmUp(Options options) {
    return WarmUp.of(options.getLong("length"), REGISTRY.read(options.getOptions("schedule")));
  }
}
