package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Joiner;
import com.google.common.base.Splitter;
import com.google.common.base.Suppliers;
import com.google.common.primitives.Ints;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tensorflow.DeviceSpec;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.GPUOptions;
import org.tensorflow.proto.OptimizerOptions;
import org.tensorflow.proto.RewriterConfig;

/**
 * The device that a model runs on. It determines the algorithm of convolutions, the memory use, the
 * precision of training and the batch size of evaluation. A {@link GraphSession} belongs to one
 * device; layers get it from their {@link Context}.
 *
 * <p>Several GPUs of one machine are one device, too ({@link #gpus}): each takes a part of every
 * training batch. Weights, evaluation and prediction are on the first of them.
 *
 * <table>
 * <caption>What a device decides</caption>
 * <tr><th></th><th>CPU</th><th>GPU</th></tr>
 * <tr><td>{@link #usesWinograd}</td><td>yes</td><td>no: cuDNN chooses its algorithms</td></tr>
 * <tr><td>{@link #fusesElementwise}</td><td>yes</td><td>no: {@link #compiled} is the choice of
 * the user</td></tr>
 * <tr><td>{@link #upcastsSlowKernels}</td><td>yes</td><td>no</td></tr>
 * <tr><td>{@link #rematerializes}</td><td>in float32</td><td>no</td></tr>
 * <tr><td>{@link #precision}</td><td>bfloat16 if Linux reports instructions for it (AVX512-BF16, AMX), else float32</td><td>float16</td></tr>
 * <tr><td>{@link #evaluationBatch}</td><td>32, fewer if images are large</td><td>512, fewer if images are large</td></tr>
 * <tr><td>{@link #freezesAsConstants}</td><td>yes</td><td>no: the graph stays, weights are assigned</td></tr>
 * <tr><td>{@link #host the input pipeline}</td><td>here</td><td>on the processor; a batch of bytes is copied</td></tr>
 * <tr><td>memory</td><td>as needed</td><td>grows as needed, up to {@link #memoryFraction}</td></tr>
 * </table>
 *
 * @param kind the kind of device
 * @param indices which GPUs, from 0, the first one first; [0] for a CPU (more are virtual devices
 *     that share the processor, for tests)
 * @param memoryFraction the share of a GPU's memory that may be taken, in (0, 1]; 1 unless set
 * @param xla whether XLA compiles what runs on a GPU; false unless {@link #compiled}
 */
public record Device(Kind kind, List<Integer> indices, double memoryFraction, boolean xla) {
  /** The kinds of devices. */
  public enum Kind {
    /** The processor, with all its cores. */
    CPU,
    /** A graphics card that TensorFlow was built for. */
    GPU
  }

  private static final Pattern NAMED_GPUS = Pattern.compile("gpu|gpu:[0-9]{1,4}(,gpu:[0-9]{1,4})*");

  /** What the input and the output of a layer may take in evaluation, in bytes. */
  private static final long MAX_ACTIVATIONS = 1L << 30;

  /** Computed once: the devices cannot change while the process runs. */
  private static final Supplier<Device> AUTO =
      Suppliers.memoize(() -> PhysicalDevices.finds(gpu(0)) ? gpu(0) : cpu());

  /** Checks the indices, and that the fraction is in (0, 1]; it is of a GPU. */
  public Device {
    indices = List.copyOf(indices);
    checkArgument(!indices.isEmpty(), "indices must name a GPU, got none");
    for (int index : indices) {
      checkArgument(index >= 0, "index must not be negative, got %s", index);
    }
    checkArgument(
        Set.copyOf(indices).size() == indices.size(), "indices must differ, got %s", indices);
    checkArgument(
        memoryFraction > 0 && memoryFraction <= 1,
        "memoryFraction must be in (0, 1], got %s",
        memoryFraction);
    checkArgument(
        kind == Kind.GPU || memoryFraction == 1,
        "memoryFraction must be that of a GPU, got %s for cpu",
        memoryFraction);
    checkArgument(
        kind == Kind.GPU || !xla, "compiled must be a GPU, got cpu: XLA takes twice as long there");
  }

  /** Returns the first GPU that TensorFlow can use, or the CPU if there is none. */
  public static Device auto() {
    return AUTO.get();
  }

  /** Returns the CPU. */
  public static Device cpu() {
    return new Device(Kind.CPU, List.of(0), 1, false);
  }

  /**
   * Returns a GPU. Whether it exists is checked when a model is created on it.
   *
   * @param index which one, from 0
   */
  public static Device gpu(int index) {
    return gpus(index);
  }

  /**
   * Returns several GPUs of one machine, which train together: each takes a part of every batch.
   *
   * @param indices which ones, from 0; the first holds the weights
   */
  public static Device gpus(int... indices) {
    return new Device(Kind.GPU, Ints.asList(indices), 1, false);
  }

  /**
   * Returns the device of a name: {@code auto}, {@code cpu}, {@code gpu} (the first), {@code
   * gpu:1}, or several GPUs, {@code gpu:0,gpu:1}. {@link #toString} gives it back.
   */
  public static Device named(String name) {
    if (name.equals("auto")) {
      return auto();
    }
    if (name.equals("cpu")) {
      return cpu();
    }
    checkArgument(
        NAMED_GPUS.matcher(name).matches(),
        "device must be auto, cpu, gpu, gpu:1 or several as gpu:0,gpu:1, got %s",
        name);
    return gpus(
        Splitter.on(',')
            .splitToStream(name.equals("gpu") ? "gpu:0" : name)
            .mapToInt(each -> Integer.parseInt(each.substring("gpu:".length())))
            .toArray());
  }

  /**
   * Returns this GPU with a limit of its memory, which TensorFlow takes as it needs it: for a card
   * that others use too. The first use of a card in a process decides.
   *
   * @param memoryFraction the share of the card's memory, in (0, 1]
   */
  public Device memoryFraction(double memoryFraction) {
    return new Device(kind, indices, memoryFraction, xla);
  }

  /**
   * Returns this GPU with training steps that XLA compiles. The first step then takes tens of
   * seconds longer, all others less time. The short last batch of an epoch is not compiled, unless
   * several workers share it.
   */
  public Device compiled() {
    return new Device(kind, indices, memoryFraction, true);
  }

  /** Returns this device without {@link #compiled}: evaluation has too few steps to pay for it. */
  public Device uncompiled() {
    return new Device(kind, indices, memoryFraction, false);
  }

  /** Returns how many devices share a training batch: 1 unless there are several {@link #gpus}. */
  public int count() {
    return indices.size();
  }

  /**
   * Returns operations that are placed on one of several devices.
   *
   * @param number which one, from 0 to {@link #count()} - 1
   */
  public Ops place(Ops tf, int number) {
    return tf.withDevice(spec(DeviceSpec.DeviceType.valueOf(kind.name()), number));
  }

  private static DeviceSpec spec(DeviceSpec.DeviceType type, int number) {
    return DeviceSpec.newBuilder().deviceType(type).deviceIndex(number).build();
  }

  /**
   * Returns how much memory TensorFlow may take on this device, in bytes, of several GPUs on the
   * one that has least; empty if unknown.
   */
  public OptionalLong memory() {
    if (kind == Kind.GPU) {
      return PhysicalDevices.memory(this);
    }
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? OptionalLong.of(system.getTotalMemorySize())
        : OptionalLong.empty();
  }

  /**
   * Returns whether 3x3 convolutions may be computed as Winograd convolutions, and gradients of
   * their filters over small images as matrix products.
   */
  public boolean usesWinograd() {
    return kind == Kind.CPU;
  }

  /** Returns whether elementwise operations of the training step are fused by XLA. */
  public boolean fusesElementwise() {
    return kind == Kind.CPU;
  }

  /**
   * Returns whether operations whose 16-bit kernels are slower than those of float32 are computed
   * in float32 between two casts.
   */
  public boolean upcastsSlowKernels() {
    return kind == Kind.CPU;
  }

  /**
   * Returns whether cheap activations are recomputed in the backward pass instead of being kept.
   * 16-bit activations are half the size, so the extra compute does not pay for them.
   */
  public boolean rematerializes(Precision precision) {
    return kind == Kind.CPU && precision == Precision.FLOAT32;
  }

  /** Returns the precision of training unless another one is set. */
  public Precision precision() {
    if (kind == Kind.GPU) {
      return Precision.FLOAT16;
    }
    return Processor.THIS.multipliesBfloat16() ? Precision.BFLOAT16 : Precision.FLOAT32;
  }

  /**
   * Returns the batch size of evaluation and prediction. On a CPU larger batches are slower,
   * because activations no longer fit its cache. Those of large images must fit into memory.
   *
   * @param image the bytes of input and output of the layer where they are largest, for one image
   */
  public int evaluationBatch(long image) {
    return (int) Math.max(1, Math.min(kind == Kind.CPU ? 32 : 512, MAX_ACTIVATIONS / image));
  }

  /**
   * Returns whether weights are constants in evaluation and prediction, since those are prepared
   * once by the libraries of a CPU. Else they are assigned to a graph that stays.
   */
  public boolean freezesAsConstants() {
    return kind == Kind.CPU;
  }

  /**
   * Returns operations that are placed on the processor also if this is a GPU: those on images as
   * bytes, for which TensorFlow has no kernels on a GPU. Without a name TensorFlow would keep the
   * set of images on the card, and copy all of it to the host in every step.
   */
  public Ops host(Ops tf) {
    return kind == Kind.CPU ? tf : tf.withDevice(spec(DeviceSpec.DeviceType.CPU, 0));
  }

  /** Returns the configuration of a session: its threads, and only this device is visible to it. */
  public ConfigProto config() {
    ConfigProto.Builder config = Threads.configure(ConfigProto.newBuilder());
    if (kind == Kind.CPU) {
      config.putDeviceCount("GPU", 0).putDeviceCount("CPU", count());
      config.getGraphOptionsBuilder().setRewriteOptions(rewriting());
    } else {
      config
          .setAllowSoftPlacement(true)
          .setGpuOptions(
              GPUOptions.newBuilder()
                  .setAllowGrowth(true)
                  // 0, TensorFlow's default, leaves a reserve.
                  .setPerProcessGpuMemoryFraction(memoryFraction == 1 ? 0 : memoryFraction)
                  .setVisibleDeviceList(Joiner.on(',').join(indices)));
      if (xla) {
        config
            .getGraphOptionsBuilder()
            .getOptimizerOptionsBuilder()
            .setGlobalJitLevel(OptimizerOptions.GlobalJitLevel.ON_2);
      }
    }
    return config.build();
  }

  /**
   * Returns how a session rewrites each graph that it runs, for a processor. TensorFlow would do it
   * twice and by more optimizers, which takes longer and changes nothing of note, but for sums of
   * many terms: to save memory it adds them in the order in which they are ready, so that they
   * differ from run to run.
   */
  private static RewriterConfig rewriting() {
    return RewriterConfig.newBuilder()
        .setMetaOptimizerIterations(RewriterConfig.NumIterationsType.ONE)
        .setMemoryOptimization(RewriterConfig.MemOptType.NO_MEM_OPT)
        .setDisableTfgOptimizer(true)
        .setImplementationSelector(RewriterConfig.Toggle.OFF)
        .setLayoutOptimizer(RewriterConfig.Toggle.OFF)
        .setLoopOptimization(RewriterConfig.Toggle.OFF)
        .build();
  }

  /**
   * Checks that TensorFlow can use this device, so that nothing falls back to another one silently.
   *
   * @throws IllegalArgumentException if it cannot
   */
  public void checkExists() {
    NativeMemory.unlimit();
    if (kind == Kind.CPU) {
      return;
    }
    if (!PhysicalDevices.finds(this)) {
      // Finding out which there are opens them all.
      throw new IllegalArgumentException(
          "device must be one that TensorFlow can use, got %s; here it can use %s (a GPU needs a build"
                  .formatted(this, PhysicalDevices.names())
              + " with -Pgpu and CUDA, see 'lamina doctor'; a process that has used one GPU cannot use another)");
    }
    PhysicalDevices.checkFraction(this);
  }

  @Override
  public String toString() {
    return kind == Kind.CPU
        ? "cpu"
        : indices.stream().map(index -> "gpu:" + index).collect(Collectors.joining(","));
  }
}
