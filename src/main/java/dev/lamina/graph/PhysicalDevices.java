package dev.lamina.graph;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteDeviceList;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListCount;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListType;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionListDevices;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetConfig;

import dev.lamina.cuda.CudaLibraries;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
 * Whether TensorFlow finds a device. Its Java API has no list of devices; the C API has.
 *
 * <p>TensorFlow maps its first GPU to one of the machine's for the whole process, so the question
 * is asked with the configuration of the device itself, and one process uses one GPU.
 */
final class PhysicalDevices {
  private static final Map<Device, Boolean> FOUND = new ConcurrentHashMap<>();

  private PhysicalDevices() {}

  /** Returns whether TensorFlow can use a GPU. */
  static boolean finds(Device gpu) {
    return FOUND.computeIfAbsent(gpu, PhysicalDevices::find);
  }

  /** For tests: lets a GPU pass for one that TensorFlow can use. */
  static void pretend(Device gpu) {
    FOUND.put(gpu, true);
  }

  @SuppressWarnings("try") // The scope frees what is made in it.
  private static boolean find(Device gpu) {
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
      boolean found = false;
      for (int i = 0; i < TF_DeviceListCount(devices); i++) {
        found |= TF_DeviceListType(devices, i, status).getString().equals("GPU");
      }
      TF_DeleteDeviceList(devices);
      return found;
    } catch (TensorFlowException e) {
      return false;
    }
  }
}
