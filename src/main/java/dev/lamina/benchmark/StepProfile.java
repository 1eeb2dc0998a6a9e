package dev.lamina.benchmark;

import dev.lamina.step.TrainStep;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tensorflow.proto.AllocationDescription;
import org.tensorflow.proto.DeviceStepStats;
import org.tensorflow.proto.NodeExecStats;
import org.tensorflow.proto.NodeOutput;
import org.tensorflow.proto.RunMetadata;
import org.tensorflow.proto.TensorShapeProto;

/**
 * The profile of a step: every operation that ran, from {@link TrainStep#trace}. Operations run in
 * parallel, so the sum of their times exceeds the duration of the step.
 *
 * <p>On a GPU an operation is traced twice: on the processor, which starts its kernels, and on the
 * card, which runs them. The card's times are of another clock: both begin at 0 here.
 *
 * @param operations the operations, kernels and copies, by start time
 */
public record StepProfile(List<TimedOp> operations) {

  /** The purpose of an operation: the first kind whose pattern matches. */
  public enum Kind {
    /** Convolutions, with their bias. */
    CONVOLUTION("convolution", "\\S*Conv2[dD](?!\\S*Backprop)\\S* .*"),
    /** Gradients of convolutions with respect to the input. */
    INPUT_GRADIENT("convolution, input gradient", "\\S*Conv2[dD]\\S*BackpropInput\\S* .*"),
    /** Gradients of convolutions with respect to the kernel and, if fused, the bias. */
    FILTER_GRADIENT("convolution, filter gradient", "\\S*Conv2[dD]\\S*BackpropFilter\\S* .*"),
    /** Batch norm, including a ReLU that TensorFlow fused into it. */
    BATCH_NORM("batch norm", "\\S*BatchNorm(?!\\S*Grad)\\S* .*"),
    /** The gradient of batch norm. */
    BATCH_NORM_GRADIENT("batch norm, gradient", "\\S*BatchNorm\\S*Grad\\S* .*"),
    /** Activations that are a single operation or fused, and their gradients. */
    ACTIVATION(
        "activation",
        "_Xla\\w+ .*|(_Mkl)?((Leaky)?Relu6?|Elu|Selu|Sigmoid|Tanh|Softplus)(Grad)? .*"),
    /** Pooling over windows, and its gradient. */
    POOLING("pooling", "\\S*(Max|Avg)Pool\\S* .*"),
    /** Updates of the weights. */
    OPTIMIZER("optimizer", "ResourceApply\\S* .*"),
    /** Copies between the processor and a card, and on the card. */
    COPY("copies to and from the card", "Memcpy\\S* .*"),
    /** Operations on gradients before the optimizer. */
    DECAY_AND_CHECK(
        "weight decay, finite check", "\\S+ (optimizer(_\\d+)?|update(_\\d+)?/finite)/.*"),
    /** Gathering, augmenting, scaling and normalising images. */
    INPUT("input pipeline", "\\S+ (batch(_\\d+)?/|train(_\\d+)?/(scale|normalize)/).*"),
    /** Everything else: residual sums, casts, classifier, loss, reads of weights. */
    REST("rest", ".*");

    private final String label;
    private final Pattern pattern;

    Kind(String label, String pattern) {
      this.label = label;
      this.pattern = Pattern.compile(pattern);
    }

    /** The name in tables. */
    public String label() {
      return label;
    }

    private static Kind of(String type, String name) {
      String text = type + " " + name;
      for (Kind kind : values()) {
        if (kind.pattern.matcher(text).matches()) {
          return kind;
        }
      }
      return REST;
    }
  }

  /**
   * An operation that ran.
   *
   * @param name its name in the graph
   * @param type its type, such as {@code Relu}
   * @param kind its purpose
   * @param device where it ran
   * @param row its row in the timeline of the device, from 0: the first row that was free when it
   *     started. TensorFlow does not report the thread.
   * @param start the start time, in ns since the first operation started
   * @param nanos the duration, in ns
   * @param shapes the shapes of its outputs, such as {@code [64,32,32,16]}
   * @param bytes the size of its outputs, in bytes
   * @param kernel the function or the copy that a card ran for it; empty on the processor
   */
  public record TimedOp(
      String name,
      String type,
      Kind kind,
      String device,
      int row,
      long start,
      long nanos,
      String shapes,
      long bytes,
      String kernel) {}

  /**
   * The launches of a kernel.
   *
   * @param name the name of the kernel, or of a kind of copy, as CUDA reports it
   * @param count how often it ran
   * @param nanos its total time, in ns
   */
  public record Kernel(String name, long count, long nanos) {}

  /** Copies the list. */
  public StepProfile {
    operations = List.copyOf(operations);
  }

  /** The profile of a traced step. */
  public static StepProfile of(RunMetadata metadata) {
    Map<String, String> types = new HashMap<>();
    metadata.getPartitionGraphsList().stream()
        .flatMap(graph -> graph.getNodeList().stream())
        .forEach(node -> types.put(node.getName(), node.getOp()));
    List<TimedOp> all = new ArrayList<>();
    Map<Boolean, List<DeviceStepStats>> clocks =
        metadata.getStepStats().getDevStatsList().stream()
            .filter(device -> !repeats(device.getDevice()))
            .collect(Collectors.partitioningBy(device -> isCard(device.getDevice())));
    for (List<DeviceStepStats> devices : clocks.values()) {
      long first =
          devices.stream()
              .flatMap(device -> device.getNodeStatsList().stream())
              .mapToLong(StepProfile::start)
              .min()
              .orElse(0);
      devices.forEach(device -> all.addAll(operations(device, first, types)));
    }
    all.sort(Comparator.comparingLong(TimedOp::start));
    return new StepProfile(all);
  }

  /** Returns whether these are the times of a card itself, not those of who gives it work. */
  private static boolean isCard(String device) {
    return device.startsWith("/device:");
  }

  /**
   * Returns whether a card's times stand under another name too: those of all streams together are
   * {@code /device:GPU:0/stream:all} and {@code /device:GPU:0/memcpy}.
   */
  private static boolean repeats(String device) {
    return isCard(device) && !device.endsWith("/stream:all") && !device.endsWith("/memcpy");
  }

  private static List<TimedOp> operations(
      DeviceStepStats device, long first, Map<String, String> types) {
    List<TimedOp> operations = new ArrayList<>();
    List<Long> rowEnds = new ArrayList<>();
    for (NodeExecStats node : inOrder(device)) {
      long start = start(node) - first;
      long nanos = nanos(node);
      String kernel = isCard(device.getDevice()) ? kernel(node) : "";
      // The trace of a card names operations as "name:type", and kernels of no operation as such.
      int colon = node.getNodeName().lastIndexOf(':');
      boolean typed = !kernel.isEmpty() && colon >= 0;
      String name = typed ? node.getNodeName().substring(0, colon) : node.getNodeName();
      String type = typed ? node.getNodeName().substring(colon + 1) : types.get(name);
      if (kernel.startsWith("Memcpy")) {
        type = kernel;
      } else if (type == null) {
        // Nodes added by the executor are not in any graph.
        type = "NoOp";
      }
      operations.add(
          new TimedOp(
              name,
              type,
              Kind.of(type, name),
              device.getDevice(),
              occupyRow(rowEnds, start, start + nanos),
              start,
              nanos,
              shapes(node),
              bytes(node),
              kernel));
    }
    return operations;
  }

  /** Returns the name of a kernel, without its registers and blocks, or that of a copy. */
  private static String kernel(NodeExecStats node) {
    return node.getTimelineLabel().replaceFirst(" (regs|kind_src|size):.*", "");
  }

  /**
   * Returns the operations that took the time: where the kernels of a card were traced, without
   * those that started them.
   */
  public List<TimedOp> work() {
    boolean traced = operations.stream().anyMatch(op -> !op.kernel().isEmpty());
    return operations.stream()
        .filter(op -> !traced || !op.kernel().isEmpty() || !op.device().contains("GPU"))
        .toList();
  }

  /** Returns the kernels and copies of a card, those that took the longest first. */
  public List<Kernel> kernels() {
    Map<String, LongSummaryStatistics> times =
        operations.stream()
            .filter(op -> !op.kernel().isEmpty())
            .collect(
                Collectors.groupingBy(TimedOp::kernel, Collectors.summarizingLong(TimedOp::nanos)));
    return times.entrySet().stream()
        .map(e -> new Kernel(e.getKey(), e.getValue().getCount(), e.getValue().getSum()))
        .sorted(Comparator.comparingLong(Kernel::nanos).reversed())
        .toList();
  }

  /** The total time of the {@link #work} of each kind, in ns; 0 if there is none. */
  public Map<Kind, Long> nanosByKind() {
    Map<Kind, Long> sums = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      sums.put(kind, 0L);
    }
    work().forEach(op -> sums.merge(op.kind(), op.nanos(), Long::sum));
    return sums;
  }

  /**
   * The duration of the step, from the start of its first operation to the end of the last, in ns.
   */
  public long nanos() {
    return operations.stream().mapToLong(op -> op.start() + op.nanos()).max().orElse(0);
  }

  private static List<NodeExecStats> inOrder(DeviceStepStats device) {
    return device.getNodeStatsList().stream()
        .sorted(Comparator.comparingLong(StepProfile::start))
        .toList();
  }

  /** Returns when an operation started, in ns. The trace of a card has microseconds only. */
  private static long start(NodeExecStats node) {
    return node.getAllStartNanos() == 0
        ? 1000 * (node.getAllStartMicros() + node.getOpStartRelMicros())
        : node.getAllStartNanos() + node.getOpStartRelNanos();
  }

  private static long nanos(NodeExecStats node) {
    return node.getAllStartNanos() == 0
        ? 1000 * (node.getOpEndRelMicros() - node.getOpStartRelMicros())
        : node.getOpEndRelNanos() - node.getOpStartRelNanos();
  }

  private static int occupyRow(List<Long> rowEnds, long start, long end) {
    for (int row = 0; row < rowEnds.size(); row++) {
      if (rowEnds.get(row) <= start) {
        rowEnds.set(row, end);
        return row;
      }
    }
    rowEnds.add(end);
    return rowEnds.size() - 1;
  }

  private static String shapes(NodeExecStats node) {
    return node.getOutputList().stream()
        .map(output -> shape(output.getTensorDescription().getShape()))
        .collect(Collectors.joining(" "));
  }

  private static String shape(TensorShapeProto shape) {
    return shape.getDimList().stream()
        .map(dimension -> Long.toString(dimension.getSize()))
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static long bytes(NodeExecStats node) {
    return node.getOutputList().stream()
        .map(NodeOutput::getTensorDescription)
        .map(tensor -> tensor.getAllocationDescription())
        .mapToLong(AllocationDescription::getRequestedBytes)
        .sum();
  }
}
