package dev.lamina.train;

import com.google.common.primitives.Ints;
import dev.lamina.graph.Device;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Precision;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Layers.LayerNode;
import dev.lamina.layer.Winograd;
import dev.lamina.network.Network;
import java.util.List;
import java.util.Locale;
import org.tensorflow.ndarray.Shape;

/**
 * An estimate of the memory that training takes, from the shapes of the layers: a step that needs
 * more than the machine has would end the process. The factors were fitted to the peak memory of
 * processes that trained {@code ResNetCifar} at eight combinations of width, image size and batch;
 * see docs/performance.md.
 *
 * @param process the bytes of the JVM with TensorFlow, without a model
 * @param model the bytes of weights, gradients and what the optimizer keeps
 * @param image the bytes that a step takes for each image of its batch
 */
public record MemoryEstimate(long process, long model, long image) {
  private static final long PROCESS = 450L << 20;

  /** Weights, gradients, slots and transformed kernels, as multiples of the weights. */
  private static final int COPIES = 7;

  /** The share of all layers' outputs that is in memory at the peak of a step. */
  private static final double SHARE = 1;

  /** The lowest share that was seen is 0.73: below this one no step fits. */
  private static final double MIN_SHARE = 0.6;

  /** Returns the estimate for a network whose convolutions have the given precision. */
  public static MemoryEstimate of(Network network, Precision precision) {
    long weights = network.parameters().values().stream().mapToLong(Parameter::size).sum();
    List<LayerNode> nodes = Layers.nodes(network.body(), network.inputShape());
    long outputs = nodes.stream().map(LayerNode::output).mapToLong(Shape::size).sum();
    long transforms = nodes.stream().mapToLong(MemoryEstimate::transforms).max().orElse(0);
    int bytes = precision == Precision.FLOAT32 ? Float.BYTES : Short.BYTES;
    return new MemoryEstimate(
        PROCESS,
        COPIES * weights * Float.BYTES,
        Math.round((SHARE * outputs + transforms) * bytes));
  }

  private static long transforms(LayerNode node) {
    return node.layer() instanceof Conv2d convolution && Winograd.pays(convolution, node.input())
        ? Winograd.transformsSize(convolution, node.input())
        : 0;
  }

  /** Returns the estimated bytes of a process that trains with this batch size. */
  public long bytes(int batchSize) {
    return process + model + image * batchSize;
  }

  /**
   * Checks that a step can fit into the memory of this machine, or of its container.
   *
   * @param recipe says how large a batch is, and in how many parts it is computed
   * @param part how many images are computed at once
   * @throws LaminaException if it certainly cannot
   */
  static void check(Network network, Recipe recipe, int part, Device device, Precision precision) {
    // It counts Winograd convolutions, which a GPU does not use: there it is good for advice only.
    if (device.kind() == Device.Kind.CPU) {
      device
          .memory()
          .ifPresent(memory -> of(network, precision).check(network, recipe, part, device, memory));
    }
  }

  void check(Network network, Recipe recipe, int part, Device device, long memory) {
    if (process + MIN_SHARE / SHARE * image * part > memory) {
      throw new LaminaException(
          String.format(
              Locale.ROOT,
              "batchSize must be one that fits into memory, got %d: training %s; %s",
              recipe.batchSize(),
              needs(network, part, device, memory),
              advice(network, recipe, part, memory)));
    }
  }

  private String needs(Network network, int part, Device device, long memory) {
    return String.format(
        Locale.ROOT,
        "%s with %d images of %d x %d at once takes about %.1f GB, %s has %.1f GB",
        network.name(),
        part,
        network.width(),
        network.height(),
        bytes(part) / 1e9,
        device.kind() == Device.Kind.CPU ? "the machine" : device,
        memory / 1e9);
  }

  private String advice(Network network, Recipe recipe, int part, long memory) {
    int fits = fitting(memory);
    double scale = Math.sqrt((memory - process - model) / ((double) image * part));
    return fits > 0
        ? String.format(
            Locale.ROOT,
            "use accumulate %d, which computes a batch in as many parts, a batch size of at most %d, or"
                + " images of at most %d x %d",
            accumulate(recipe, part, fits),
            batchSize(recipe, part, fits),
            (int) (network.width() * scale),
            (int) (network.height() * scale))
        : "use smaller images or a smaller network";
  }

  /** Returns how many images fit at once by the estimate; 0 if none does. */
  private int fitting(long memory) {
    return Ints.saturatedCast(Math.max(0, (memory - process - model) / image));
  }

  /** Returns the option with which so many images are computed at once, instead of a part. */
  private static int accumulate(Recipe recipe, int part, int fits) {
    return Math.min(recipe.batchSize(), recipe.accumulate() * ((part - 1) / fits + 1));
  }

  /** Returns the batch size with which so many images are computed at once, instead of a part. */
  private static int batchSize(Recipe recipe, int part, int fits) {
    return fits * (recipe.batchSize() / part);
  }

  /**
   * Returns what to tell if a step ran out of memory.
   *
   * @param recipe says how large a batch is, and in how many parts it is computed
   * @param part how many images are computed at once
   */
  OutOfMemoryException exhausted(
      Network network, Recipe recipe, int part, Device device, Throwable cause) {
    long memory = device.memory().orElse(0);
    // At most half of what was too much: other programs may hold memory too.
    int fits = Math.max(1, Math.min(fitting(memory), part / 2));
    int accumulate = accumulate(recipe, part, fits);
    String advice =
        part == 1
            ? "use smaller images or a smaller network"
            : String.format(
                Locale.ROOT,
                "use a batch size of at most %d, or accumulate %d: it computes a batch in as many parts, and may change"
                    + " when a run is resumed",
                batchSize(recipe, part, fits),
                accumulate);
    return new OutOfMemoryException(
        "training ran out of memory: "
            + needs(network, part, device, memory)
            + ", of which other programs may hold some; "
            + advice,
        accumulate,
        cause);
  }
}
