package dev.lamina.schedule;

/** The curve along which a value changes from one level to another. */
public enum Anneal {
  /** Half a cosine wave: flat at both ends. */
  COSINE {
    @Override
    double between(double start, double end, double fraction) {
      return end + (start - end) / 2 * (1 + Math.cos(Math.PI * fraction));
    }
  },

  /** A straight line. */
  LINEAR {
    @Override
    double between(double start, double end, double fraction) {
      return start + (end - start) * fraction;
    }
  };

  /** Returns the value after {@code fraction} (0..1) of the curve. */
  abstract double between(double start, double end, double fraction);
}
