package dev.lamina.data;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hashing;
import com.google.common.primitives.ImmutableDoubleArray;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Images drawn with replacement, each with a probability proportional to its weight, like PyTorch's
 * {@code WeightedRandomSampler}: for classes of very different sizes. In one epoch some images come
 * several times, others not at all.
 *
 * <pre>{@code
 * WeightedSampler.balanced()                     // every class equally often, on average
 * WeightedSampler.ofClasses(1, 1, 5)             // an image of class 2 five times as often
 * WeightedSampler.ofImages(weightOfEachImage)
 * }</pre>
 *
 * @param of whether each class or each image has a weight
 * @param weights the weights, which need not sum to 1; of classes none for those that are inverse
 *     to the number of a class's images
 */
public record WeightedSampler(Of of, ImmutableDoubleArray weights) implements Sampler {
  /** What a weight is given to. */
  public enum Of {
    /** All images of a class have the weight of the class. */
    CLASSES,
    /** Each image has a weight of its own, in the order of the training set. */
    IMAGES
  }

  /** Checks that the weights are finite, not negative, and not all 0. */
  public WeightedSampler {
    weights.stream()
        .forEach(
            weight ->
                checkArgument(
                    weight >= 0 && weight < Double.POSITIVE_INFINITY,
                    "weights must be finite and not negative, got %s",
                    weight));
    checkArgument(
        (of == Of.CLASSES && weights.isEmpty()) || weights.stream().sum() > 0,
        "weights must have a sum above 0, got %s weights of 0",
        weights.length());
  }

  /** Returns a sampler that draws every class equally often, on average. */
  public static WeightedSampler balanced() {
    return new WeightedSampler(Of.CLASSES, ImmutableDoubleArray.of());
  }

  /** Returns a sampler by the weight of an image's class. */
  public static WeightedSampler ofClasses(double... weights) {
    checkArgument(weights.length > 0, "weights must not be empty");
    return new WeightedSampler(Of.CLASSES, ImmutableDoubleArray.copyOf(weights));
  }

  /** Returns a sampler by the weight of each image, in the order of the training set. */
  public static WeightedSampler ofImages(double... weights) {
    return new WeightedSampler(Of.IMAGES, ImmutableDoubleArray.copyOf(weights));
  }

  @Override
  public int[] order(ImageSet set, long seed, int epoch) {
    double[] sums = weightsOf(set);
    for (int i = 1; i < sums.length; i++) {
      sums[i] += sums[i - 1];
    }
    double all = sums[sums.length - 1];
    checkArgument(all > 0, "weights must be above 0 for some image of the set, got %s", weights);
    checkArgument(
        Double.isFinite(all), "weights must have a finite sum over the images, got %s", weights);
    SplittableRandom random =
        new SplittableRandom(
            Hashing.murmur3_128()
                .newHasher()
                .putLong(seed)
                .putInt(epoch)
                .putString("weighted", StandardCharsets.UTF_8)
                .hash()
                .asLong());
    int[] order = new int[sums.length];
    Arrays.setAll(order, i -> firstAbove(sums, random.nextDouble() * all));
    return order;
  }

  private double[] weightsOf(ImageSet set) {
    if (of == Of.IMAGES) {
      checkArgument(
          weights.length() == set.size(),
          "weights must be one for each of the %s images that are trained on, got %s",
          set.size(),
          weights.length());
      return weights.toArray();
    }
    double[] ofClass = weights.isEmpty() ? inverseCounts(set) : weights.toArray();
    checkArgument(
        ofClass.length == set.classes(),
        "weights must be one for each of the %s classes, got %s",
        set.classes(),
        ofClass.length);
    double[] ofImage = new double[set.size()];
    Arrays.setAll(ofImage, i -> ofClass[set.label(i)]);
    return ofImage;
  }

  private static double[] inverseCounts(ImageSet set) {
    double[] counts = new double[set.classes()];
    for (int i = 0; i < set.size(); i++) {
      counts[set.label(i)]++;
    }
    // A class without images is not asked for.
    return Arrays.stream(counts).map(count -> 1 / Math.max(1, count)).toArray();
  }

  /** Returns the first index whose sum is above a value, so that a weight of 0 is never drawn. */
  private static int firstAbove(double[] sums, double value) {
    int low = 0;
    int high = sums.length - 1;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sums[middle] > value) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
