package dev.lamina.loss;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;

/** The losses that files can hold; a loss of one's own is registered beside them. */
public final class LossTypes {
  /** The losses by the names that they have in files. */
  public static final Registry<Loss> REGISTRY =
      Registry.<Loss>of("loss", "LossTypes.REGISTRY")
          .register(
              "CrossEntropy", CrossEntropy.class, LossTypes::optionsOf, LossTypes::crossEntropy);

  private LossTypes() {}

  private static Options optionsOf(CrossEntropy loss) {
    return Options.none()
        .with("labelSmoothing", loss.labelSmoothing())
        .with("classWeights", loss.classWeights());
  }

  private static CrossEntropy crossEntropy(Options options) {
    CrossEntropy loss = CrossEntropy.create();
    ImmutableDoubleArray weights =
        options.has("classWeights") ? options.getDoubles("classWeights") : loss.classWeights();
    return new CrossEntropy(options.getDouble("labelSmoothing", loss.labelSmoothing()), weights);
  }
}
