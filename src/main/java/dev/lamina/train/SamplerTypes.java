package dev.lamina.train;

import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.data.Sampler;
import dev.lamina.data.Shuffled;
import dev.lamina.data.WeightedSampler;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;

/** The samplers that can be stored in files; custom samplers can be registered. */
public final class SamplerTypes {
  /** The samplers by their names in files. */
  public static final Registry<Sampler> REGISTRY =
      Registry.<Sampler>of("sampler", "SamplerTypes.REGISTRY")
          .register("Shuffled", Shuffled.class, x -> Options.none(), o -> Shuffled.create())
          .register(
              "Weighted",
              WeightedSampler.class,
              x -> Options.none().with("of", x.of()).with("weights", x.weights()),
              SamplerTypes::weighted);

  private SamplerTypes() {}

  private static WeightedSampler weighted(Options options) {
    WeightedSampler balanced = WeightedSampler.balanced();
    return new WeightedSampler(
        options.getEnum("of", balanced.of()),
        options.has("weights") ? options.getDoubles("weights") : ImmutableDoubleArray.of());
  }
}
