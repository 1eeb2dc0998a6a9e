package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteDeviceList;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListCount;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListMemoryBytes;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListType;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionListDevices;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetConfig;

import dev.lamina.cuda.CudaLibraries;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.TensorFlow;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.internal.c_api.TF_DeviceList;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_SessionOptions;
import org.tensorflow.internal.c_api.TF_Status;

/**
 * Whether TensorFlow finds a device, and its memory. Its Java API has no list of devices; the C API
 * has.
 *
 * <p>TensorFlow maps its first GPU to one of the machine's for the whole process, so the question
 * is asked with the configuration of the device itself, and one process uses one GPU, or several in
 * one order.
 */
final class PhysicalDevices {
  /** The memory of each GPU that was asked for, in bytes; empty if TensorFlow cannot use it. */
  private static final Map<Device, OptionalLong> MEMORY = new ConcurrentHashMap<>();

  /** The share of memory that the first use of each GPU has set for the process. */
  private static final Map<Integer, Double> FRACTIONS = new ConcurrentHashMap<>();

  private PhysicalDevices() {}

  /** Returns whether TensorFlow can use a GPU. */
  static boolean finds(Device gpu) {
    return memory(gpu).isPresent();
  }

  /** Returns the names of all devices that TensorFlow can use in this process, for messages. */
  static String names() {
    int gpus = 0;
    while (finds(Device.gpus(IntStream.rangeClosed(0, gpus).toArray()))) {
      gpus++;
    }
    return gpus == 0
        ? "cpu"
        : "cpu, " + Device.gpus(IntStream.range(0, gpus).toArray()).toString().replace(",", ", ");
  }

  /** Returns how much memory TensorFlow may take on each GPU; empty if it cannot use all. */
  static OptionalLong memory(Device gpu) {
    return MEMORY.computeIfAbsent(gpu.uncompiled(), PhysicalDevices::find);
  }

  /**
   * Checks that a GPU has the limit of memory that it was first used with, since TensorFlow ignores
   * any other.
   */
  static void checkFraction(Device gpu) {
    for (int index : gpu.indices()) {
      double first = FRACTIONS.getOrDefault(index, gpu.memoryFraction());
      checkArgument(
          first == gpu.memoryFraction(),
          "memoryFraction must be the %s that this process has used gpu:%s with, got %s",
          first,
          index,
          gpu.memoryFraction());
    }
  }

  private static void keepFraction(Device gpu) {
    gpu.indices().forEach(index -> FRACTIONS.putIfAbsent(index, gpu.memoryFraction()));
  }

  /** For tests: lets a GPU pass for one that TensorFlow can use. */
  static void pretend(Device gpu, long memory) {
    keepFraction(gpu);
    MEMORY.put(gpu.uncompiled(), OptionalLong.of(memory));
  }

  @SuppressWarnings("try") // The scope frees what is made in it.
  private static OptionalLong find(Device gpu) {
    keepFraction(gpu);
    NativeMemory.unlimit();
    CudaLibraries.load();
    NativeLog.silence(gpu);
    TensorFlow.version(); // Loads the native library.
    byte[] config = gpu.config().toByteArray();
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      TF_SessionOptions options = TF_SessionOptions.newSessionOptions();
      TF_SetConfig(options, new BytePointer(config), config.length, status);
      status.throwExceptionIfNotOK();
      TF_Session session = TF_Session.newSession(TF_Graph.newGraph(), options, status);
      status.throwExceptionIfNotOK();
      TF_DeviceList devices = TF_SessionListDevices(session, status);
      status.throwExceptionIfNotOK();
      LongSummaryStatistics found = new LongSummaryStatistics();
      for (int i = 0; i < TF_DeviceListCount(devices); i++) {
        if (TF_DeviceListType(devices, i, status).getString().equals("GPU")) {
          found.accept(TF_DeviceListMemoryBytes(devices, i, status));
        }
      }
      TF_DeleteDeviceList(devices);
      return found.getCount() == gpu.count()
          ? OptionalLong.of(found.getMin())
          : OptionalLong.empty();
    } catch (TensorFlowException e) {
      return OptionalLong.empty();
    }
  }
}
