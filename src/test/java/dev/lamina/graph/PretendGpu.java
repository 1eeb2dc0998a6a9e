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
    // Not 0, which Device.auto() would return from then on.
    Device gpu = Device.gpu(7);
    PhysicalDevices.pretend(gpu, MEMORY);
    return gpu;
  }
}
