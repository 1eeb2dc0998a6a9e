package dev.lamina.graph;

/**
 * Native memory is what the machine or the container has. JavaCPP, through which TensorFlow is
 * called, would refuse more once the process takes four times the largest Java heap, whatever is
 * free, and reads the size of the process at every allocation, which is a tenth of the time to
 * build a graph.
 */
final class NativeMemory {
  private static final String LIMIT = "org.bytedeco.javacpp.maxPhysicalBytes";

  private NativeMemory() {}

  /**
   * Takes JavaCPP's limit away, unless the property is set. Comes before the first use of JavaCPP.
   */
  static void unlimit() {
    if (System.getProperty(LIMIT) == null) {
      System.setProperty(LIMIT, "0");
    }
  }
}
