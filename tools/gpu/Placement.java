import static java.util.stream.Collectors.joining;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import dev.lamina.model.Model;
import dev.lamina.step.TrainStep;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;
import java.lang.reflect.Method;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;

/**
 * Lists the operations of the flagship's training step that have no kernel on a GPU for their
 * types, from the registry of TensorFlow's library for GPUs, which can be read without a card.
 * Operations that are placed on the processor by name are counted apart.
 */
public final class Placement {
  /** A kernel on a GPU: the types that its attributes may have. */
  private record Kernel(Map<String, AttrValue> allowed) {
    boolean serves(NodeDef node) {
      return allowed.entrySet().stream()
          .allMatch(
              entry -> {
                AttrValue value = node.getAttrMap().get(entry.getKey());
                return value != null
                    && entry.getValue().getList().getTypeList().contains(value.getType());
              });
    }
  }

  private Placement() {}

  public static void main(String[] args) throws Exception {
    Map<String, List<Kernel>> kernels = kernels();
    // A device index that passes for a card, so that the graph is that for GPUs.
    Device gpu = Device.gpu(0);
    Method pretend =
        Class.forName("dev.lamina.graph.PhysicalDevices")
            .getDeclaredMethod("pretend", Device.class, long.class);
    pretend.setAccessible(true);
    Device two = Device.gpus(0, 1);
    for (Device device : List.of(gpu, two)) {
      pretend.invoke(null, device, 8L << 30);
    }
    ImageSet images = ImageData.embedded().train().subset(IntStream.range(0, 8).toArray());
    for (Precision precision : Precision.values()) {
      report(gpu, precision, images, kernels);
    }
    report(two, Precision.FLOAT16, images, kernels);
  }

  private static void report(
      Device device, Precision precision, ImageSet images, Map<String, List<Kernel>> kernels) {
    Trainer trainer =
        Trainer.builder()
            .augment(RandomCrop.reflect(4), RandomFlip.horizontal())
            .precision(precision)
            .build();
    try (Model model = Model.of(ResNetCifar.builder().width(64).network(), 1, device);
        TrainStep step = trainer.step(model, images)) {
      System.out.printf("%s in %s: ", device, precision);
      report(model.session().graph().toGraphDef().getNodeList(), kernels);
    }
  }

  private static void report(List<NodeDef> graph, Map<String, List<Kernel>> kernels) {
    Map<String, Integer> missing = new TreeMap<>();
    int onTheGpu = 0;
    int byName = 0;
    for (NodeDef node : step(graph)) {
      if (node.getDevice().contains("CPU")) {
        byName++;
      } else if (kernels.getOrDefault(node.getOp(), List.of()).stream()
          .anyMatch(kernel -> kernel.serves(node))) {
        onTheGpu++;
      } else {
        missing.merge(node.getOp() + " of " + types(node), 1, Integer::sum);
      }
    }
    System.out.printf(
        "%d operations with a kernel on a GPU, %d on the processor by name, without a kernel:%n",
        onTheGpu, byName);
    missing.forEach((operation, count) -> System.out.printf("  %5d %s%n", count, operation));
  }

  /** Returns what the update, the last part of a step, is computed from. */
  private static List<NodeDef> step(List<NodeDef> graph) {
    Map<String, NodeDef> byName = new HashMap<>();
    graph.forEach(node -> byName.put(node.getName(), node));
    Deque<NodeDef> queue = new ArrayDeque<>();
    graph.stream()
        .filter(node -> node.getOp().equals("NoOp") && node.getName().startsWith("update"))
        .forEach(queue::add);
    Set<NodeDef> reached = new HashSet<>(queue);
    List<NodeDef> step = new ArrayList<>();
    while (!queue.isEmpty()) {
      NodeDef node = queue.remove();
      step.add(node);
      for (String input : node.getInputList()) {
        NodeDef before = byName.get(input.replaceFirst("^\\^", "").replaceFirst(":.*", ""));
        if (reached.add(before)) {
          queue.add(before);
        }
      }
    }
    return step;
  }

  private static String types(NodeDef node) {
    return node.getAttrMap().entrySet().stream()
        .filter(entry -> entry.getValue().getValueCase() == AttrValue.ValueCase.TYPE)
        .map(entry -> entry.getKey() + "=" + entry.getValue().getType())
        .sorted()
        .collect(joining(" "));
  }

  /**
   * Returns the kernels for GPUs by operation. TensorFlow Java has no classes for the registry's
   * messages: KernelList (1 kernel), KernelDef (1 op, 2 device type, 3 constraints), AttrConstraint
   * (1 name, 2 allowed values).
   */
  private static Map<String, List<Kernel>> kernels() throws Exception {
    TF_Status status = TF_Status.newStatus();
    TF_Buffer buffer = tensorflow.TF_GetAllRegisteredKernels(status);
    status.throwExceptionIfNotOK();
    byte[] bytes = new byte[Math.toIntExact(buffer.length())];
    new BytePointer(buffer.data()).get(bytes);
    Map<String, List<Kernel>> kernels = new HashMap<>();
    for (ByteString kernel : values(ByteString.copyFrom(bytes), 1)) {
      String device = values(kernel, 2).get(0).toStringUtf8();
      if (device.equals("GPU") || device.equals("DEFAULT")) {
        Map<String, AttrValue> allowed = new HashMap<>();
        for (ByteString constraint : values(kernel, 3)) {
          allowed.put(
              values(constraint, 1).get(0).toStringUtf8(),
              AttrValue.parseFrom(values(constraint, 2).get(0)));
        }
        kernels
            .computeIfAbsent(values(kernel, 1).get(0).toStringUtf8(), op -> new ArrayList<>())
            .add(new Kernel(allowed));
      }
    }
    return kernels;
  }

  private static List<ByteString> values(ByteString message, int field) throws Exception {
    return UnknownFieldSet.parseFrom(message).getField(field).getLengthDelimitedList();
  }
}
