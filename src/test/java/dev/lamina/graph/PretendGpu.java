package dev.lamina.graph;

/**
 * A GPU for tests on machines without one: TensorFlow places on the processor what it would hold.
 */
public final class PretendGpu {
  private PretendGpu() {}

  /** Returns the device, which passes for one that TensorFlow has found. */
  public static Device create() {
    // Not 0, which Device.auto() would return from then on.
    Device gpu = Device.gpu(7);
    PhysicalDevices.pretend(gpu);
    return gpu;
  }
}
