package dev.lamina.schedule;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.OptionalDouble;

/**
 * The 1cycle policy: the learning rate climbs from {@code peak / divFactor} to the peak during the
 * first {@code pctStart} of the run, then falls far below its first value; the momentum goes the
 * opposite way, from {@code maxMomentum} down to {@code baseMomentum} and back.
 *
 * <p>With two phases the fall is one curve from the peak to {@code peak / divFactor /
 * finalDivFactor}. With {@link #threePhase three} it first mirrors the climb, down to {@code peak /
 * divFactor}, and then continues to the same end while the momentum stays at its maximum. Values
 * equal those of PyTorch's {@code OneCycleLR}: a climb ends at step {@code pctStart * steps - 1},
 * not rounded, and the last step of the run has the final rate.
 *
 * <p>Source: Smith and Topin, <a href="https://arxiv.org/abs/1708.07120">Super-Convergence: Very
 * Fast Training of Neural Networks Using Large Learning Rates</a>, 2017.
 *
 * @param peak the highest learning rate, positive
 * @param pctStart the fraction of the run for the climb, 0..1; 0.3 by default
 * @param divFactor the ratio of the peak to the first learning rate, positive; 25 by default
 * @param finalDivFactor the ratio of the first learning rate to the last, positive; 10,000 by
 *     default
 * @param anneal the curve of every phase; {@link Anneal#COSINE} by default
 * @param threePhase whether the fall is split in two; false by default
 * @param cycleMomentum whether the schedule sets the momentum too; true by default
 * @param baseMomentum the momentum at the peak, in [0, 1); 0.85 by default
 * @param maxMomentum the momentum at both ends, from {@code baseMomentum} to below 1; 0.95 by
 *     default
 */
public record OneCycle(
    double peak,
    double pctStart,
    double divFactor,
    double finalDivFactor,
    Anneal anneal,
    boolean threePhase,
    boolean cycleMomentum,
    double baseMomentum,
    double maxMomentum)
    implements Schedule {

  /** Checks that every value is in the range given above. */
  public OneCycle {
    Checks.positive("peak", peak);
    Checks.fraction("pctStart", pctStart);
    Checks.positive("divFactor", divFactor);
    Checks.positive("finalDivFactor", finalDivFactor);
    Checks.fraction("baseMomentum", baseMomentum);
    Checks.fraction("maxMomentum", maxMomentum);
    checkArgument(maxMomentum < 1, "maxMomentum must be below 1, got %s", maxMomentum);
    checkArgument(
        baseMomentum <= maxMomentum,
        "baseMomentum must not exceed maxMomentum, got %s and %s",
        baseMomentum,
        maxMomentum);
  }

  /** Returns a 1cycle schedule up to {@code peak}, with the defaults given above. */
  public static OneCycle of(double peak) {
    return new OneCycle(peak, 0.3, 25, 1e4, Anneal.COSINE, false, true, 0.85, 0.95);
  }

  /** Returns this schedule with another fraction of the run for the climb. */
  public OneCycle pctStart(double fraction) {
    return new OneCycle(
        peak,
        fraction,
        divFactor,
        finalDivFactor,
        anneal,
        threePhase,
        cycleMomentum,
        baseMomentum,
        maxMomentum);
  }

  /** Returns this schedule with another ratio of the peak to the first learning rate. */
  public OneCycle divFactor(double factor) {
    return new OneCycle(
        peak,
        pctStart,
        factor,
        finalDivFactor,
        anneal,
        threePhase,
        cycleMomentum,
        baseMomentum,
        maxMomentum);
  }

  /** Returns this schedule with another ratio of the first learning rate to the last. */
  public OneCycle finalDivFactor(double factor) {
    return new OneCycle(
        peak,
        pctStart,
        divFactor,
        factor,
        anneal,
        threePhase,
        cycleMomentum,
        baseMomentum,
        maxMomentum);
  }

  /** Returns this schedule with another annealing curve. */
  public OneCycle anneal(Anneal curve) {
    return new OneCycle(
        peak,
        pctStart,
        divFactor,
        finalDivFactor,
        curve,
        threePhase,
        cycleMomentum,
        baseMomentum,
        maxMomentum);
  }

  /** Returns this schedule with the fall split in two, or not. */
  public OneCycle threePhase(boolean split) {
    return new OneCycle(
        peak,
        pctStart,
        divFactor,
        finalDivFactor,
        anneal,
        split,
        cycleMomentum,
        baseMomentum,
        maxMomentum);
  }

  /** Returns this schedule with the momentum cycled, or left to the optimizer. */
  public OneCycle cycleMomentum(boolean cycled) {
    return new OneCycle(
        peak,
        pctStart,
        divFactor,
        finalDivFactor,
        anneal,
        threePhase,
        cycled,
        baseMomentum,
        maxMomentum);
  }

  /**
   * Returns this schedule with another range of momentum: {@code base} at the peak, {@code max} at
   * both ends.
   */
  public OneCycle momentumRange(double base, double max) {
    return new OneCycle(
        peak, pctStart, divFactor, finalDivFactor, anneal, threePhase, cycleMomentum, base, max);
  }

  @Override
  public double learningRate(long step, long steps) {
    double first = peak / divFactor;
    return at(step, steps, first, peak, threePhase ? first : peak, first / finalDivFactor);
  }

  @Override
  public OptionalDouble momentum(long step, long steps) {
    double value =
        at(
            step,
            steps,
            maxMomentum,
            baseMomentum,
            threePhase ? maxMomentum : baseMomentum,
            maxMomentum);
    return cycleMomentum ? OptionalDouble.of(value) : OptionalDouble.empty();
  }

  /**
   * Anneals from start to turn and then to end; with three phases through middle, the value at
   * which the third phase begins.
   */
  private double at(long step, long steps, double start, double turn, double middle, double end) {
    double at = Checks.step(step, steps);
    double climbed = pctStart * steps - 1;
    if (at <= climbed) {
      return between(start, turn, at, 0, climbed);
    }
    double fallen = 2 * pctStart * steps - 2;
    if (threePhase && at <= fallen) {
      return between(turn, middle, at, climbed, fallen);
    }
    return between(middle, end, at, threePhase ? fallen : climbed, steps - 1.0);
  }

  private double between(double start, double end, double at, double from, double to) {
    // A phase of length 0 has its end value.
    return anneal.between(start, end, from == to ? 1 : (at - from) / (to - from));
  }
}
