package dev.lamina.augment;

import dev.lamina.augment.RandomCrop.Border;
import dev.lamina.registry.Options;
import dev.lamina.registry.Registry;

/** The augmentations that files can hold; one's own is registered beside them. */
public final class AugmentationTypes {
  /** The augmentations by the names that they have in files. */
  public static final Registry<BatchAugmentation> REGISTRY =
      Registry.<BatchAugmentation>of("augmentation", "AugmentationTypes.REGISTRY")
          .register(
              "AlternatingFlip",
              AlternatingFlip.class,
              x -> Options.none(),
              o -> AlternatingFlip.horizontal())
          .register("Chain", Chain.class, AugmentationTypes::optionsOf, AugmentationTypes::chain)
          .register(
              "ColorJitter",
              ColorJitter.class,
              AugmentationTypes::optionsOf,
              AugmentationTypes::colorJitter)
          .register("CutMix", CutMix.class, AugmentationTypes::optionsOf, AugmentationTypes::cutMix)
          .register("Cutout", Cutout.class, AugmentationTypes::optionsOf, AugmentationTypes::cutout)
          .register(
              "MixUp",
              MixUp.class,
              x -> Options.none().with("alpha", x.alpha()),
              o -> MixUp.of(o.getDouble("alpha")))
          .register(
              "RandAugment",
              RandAugment.class,
              AugmentationTypes::optionsOf,
              AugmentationTypes::randAugment)
          .register(
              "RandomCrop",
              RandomCrop.class,
              AugmentationTypes::optionsOf,
              AugmentationTypes::randomCrop)
          .register(
              "RandomErasing",
              RandomErasing.class,
              AugmentationTypes::optionsOf,
              AugmentationTypes::randomErasing)
          .register(
              "RandomFlip", RandomFlip.class, x -> Options.none(), o -> RandomFlip.horizontal())
          .register(
              "RandomResizedCrop",
              RandomResizedCrop.class,
              x -> Options.none().with("minArea", x.minArea()).with("maxRatio", x.maxRatio()),
              AugmentationTypes::randomResizedCrop)
          .register(
              "RandomTranslate",
              RandomTranslate.class,
              AugmentationTypes::optionsOf,
              AugmentationTypes::randomTranslate);

  private AugmentationTypes() {}

  private static Options optionsOf(Chain chain) {
    return Options.none()
        .with("augmentations", chain.augmentations().stream().map(REGISTRY::write).toList());
  }

  private static Chain chain(Options options) {
    return new Chain(options.getOptionsList("augmentations").stream().map(REGISTRY::read).toList());
  }

  private static Options optionsOf(ColorJitter jitter) {
    return Options.none()
        .with("brightness", jitter.brightness())
        .with("contrast", jitter.contrast())
        .with("saturation", jitter.saturation());
  }

  private static ColorJitter colorJitter(Options options) {
    ColorJitter jitter = ColorJitter.create();
    return jitter
        .brightness(options.getDouble("brightness", jitter.brightness()))
        .contrast(options.getDouble("contrast", jitter.contrast()))
        .saturation(options.getDouble("saturation", jitter.saturation()));
  }

  private static Options optionsOf(CutMix mix) {
    return Options.none().with("alpha", mix.alpha()).with("probability", mix.probability());
  }

  private static CutMix cutMix(Options options) {
    CutMix mix = CutMix.of(options.getDouble("alpha"));
    return mix.probability(options.getDouble("probability", mix.probability()));
  }

  private static Options optionsOf(Cutout cutout) {
    return Options.none().with("size", cutout.size()).with("fill", cutout.fill());
  }

  private static Cutout cutout(Options options) {
    Cutout cutout = Cutout.of(options.getInt("size"));
    return cutout.fill(options.getInt("fill", cutout.fill()));
  }

  private static Options optionsOf(RandAugment x) {
    return Options.none().with("operations", x.operations()).with("magnitude", x.magnitude());
  }

  private static RandAugment randAugment(Options options) {
    RandAugment augment = RandAugment.create();
    return augment
        .operations(options.getInt("operations", augment.operations()))
        .magnitude(options.getInt("magnitude", augment.magnitude()));
  }

  private static Options optionsOf(RandomErasing erasing) {
    return Options.none()
        .with("probability", erasing.probability())
        .with("minArea", erasing.minArea())
        .with("maxArea", erasing.maxArea())
        .with("maxRatio", erasing.maxRatio())
        .with("fill", erasing.fill());
  }

  private static RandomErasing randomErasing(Options options) {
    RandomErasing erasing = RandomErasing.create();
    return erasing
        .probability(options.getDouble("probability", erasing.probability()))
        .area(
            options.getDouble("minArea", erasing.minArea()),
            options.getDouble("maxArea", erasing.maxArea()))
        .maxRatio(options.getDouble("maxRatio", erasing.maxRatio()))
        .fill(options.getInt("fill", erasing.fill()));
  }

  private static Options optionsOf(RandomCrop crop) {
    return Options.none().with("padding", crop.padding()).with("border", crop.border());
  }

  private static RandomCrop randomCrop(Options options) {
    return new RandomCrop(options.getInt("padding"), options.getEnum("border", Border.class));
  }

  private static RandomResizedCrop randomResizedCrop(Options options) {
    RandomResizedCrop crop = RandomResizedCrop.create();
    return new RandomResizedCrop(
        options.getDouble("minArea", crop.minArea()),
        options.getDouble("maxRatio", crop.maxRatio()));
  }

  private static Options optionsOf(RandomTranslate translate) {
    return Options.none().with("max", translate.max());
  }

  private static RandomTranslate randomTranslate(Options options) {
    return RandomTranslate.of(options.getInt("max"));
  }
}
