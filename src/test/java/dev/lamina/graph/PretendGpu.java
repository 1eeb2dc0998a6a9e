package dev.lamina.graph;

/**
 * A GPU for tests on machines without one: TensorFlow places on the processor what it would hold.
 */
public final class PretendGpu {
  /** The memory of the device, in bytes. */
  public static final long MEMORY = 8L << 30;

  private PretendGpu() {}

  /** Returns the device, which passes for one that TensorFlow has found. */
  public static Device create() {
    return create(7);
  }

  /** Returns several such devices, gpu:7 and gpu:8. */
  public static Device two() {
    return create(7, 8);
  }

  private static Device create(int... indices) {
    // Not 0, which Device.auto() would return from then on.
    Device gpu = Device.gpus(indices);
    PhysicalDevices.pretend(gpu, MEMORY);
    return gpu;
  }
}
