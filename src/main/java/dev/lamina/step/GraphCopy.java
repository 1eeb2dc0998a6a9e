package dev.lamina.step;

import static com.google.common.base.Preconditions.checkState;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteBuffer;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_GetAllOpList;

import com.google.common.base.Suppliers;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.lamina.graph.GraphOps;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.tensorflow.DeviceSpec;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.OpDef.ArgDef;
import org.tensorflow.proto.OpList;
import org.tensorflow.types.family.TType;

/**
 * A copy of operations in their own graph, with everything that they are computed from: for another
 * device, or to be run in another way. That is how the backward pass gets there, too: its
 * operations are made by TensorFlow, which takes no device for them.
 *
 * <p>Variables and fed inputs are not copied but shared. Reads of variables stay where those are,
 * and what is placed on a device by name stays there.
 */
final class GraphCopy {
  private static final Supplier<Map<String, OpDef>> DEFINITIONS =
      Suppliers.memoize(GraphCopy::definitions);

  private static final Set<String> SHARED = Set.of("VarHandleOp", "Placeholder");

  private static final DeviceSpec ANYWHERE = DeviceSpec.newBuilder().build();

  private final Graph graph;
  private final String prefix;
  private final Map<String, Output<?>> replaced = new HashMap<>();
  private final Map<String, Operation> copies = new HashMap<>();
  private final Set<String> needed;

  /**
   * Copies operations.
   *
   * @param tf the scope of the copies, and their device
   * @param replaced what the copies take in place of what the originals take
   * @param change changes each copy before it is made
   * @param originals what to copy
   */
  GraphCopy(
      Ops tf,
      Map<? extends Operand<?>, ? extends Operand<?>> replaced,
      Consumer<OperationBuilder> change,
      Collection<? extends Op> originals) {
    graph = GraphOps.graph(tf);
    prefix = tf.scope().makeOpName("of");
    replaced.forEach((from, to) -> this.replaced.put(name(from), to.asOutput()));
    Map<String, NodeDef> nodes =
        graph.toGraphDef().getNodeList().stream()
            .collect(
                Collectors.toMap(
                    NodeDef::getName, Function.identity(), (a, b) -> a, LinkedHashMap::new));
    needed = needed(nodes, originals);
    // In the order in which they were made, so what an operation takes is copied before it.
    for (NodeDef node : nodes.values()) {
      if (needed.contains(node.getName())) {
        copies.put(node.getName(), copy(tf, node, change));
      }
    }
  }

  private GraphCopy(Graph graph) {
    this.graph = graph;
    prefix = "";
    needed = Set.of();
  }

  /** Returns one that copies nothing: everything is its own copy. */
  static GraphCopy none(Graph graph) {
    return new GraphCopy(graph);
  }

  /** Returns the copy of an operation; itself if it is shared. */
  Operation of(Op original) {
    return copied(original.op().name());
  }

  /** Returns the copy of an operand; itself if it is shared. */
  @SuppressWarnings("unchecked") // A copy has the types of its original.
  <T extends TType> Operand<T> of(Operand<T> original) {
    return (Operand<T>) output(name(original));
  }

  private static String name(Operand<?> operand) {
    Output<?> output = operand.asOutput();
    return output.index() == 0 ? output.op().name() : output.op().name() + ":" + output.index();
  }

  private Set<String> needed(Map<String, NodeDef> nodes, Collection<? extends Op> originals) {
    Set<String> needed = new HashSet<>();
    Deque<String> queue = new ArrayDeque<>();
    originals.forEach(original -> queue.add(original.op().name()));
    while (!queue.isEmpty()) {
      String input = queue.remove();
      NodeDef node = Objects.requireNonNull(nodes.get(operation(input)), input);
      if (!replaced.containsKey(input) && !isShared(node) && needed.add(node.getName())) {
        queue.addAll(node.getInputList());
      }
    }
    return needed;
  }

  private static boolean isShared(NodeDef node) {
    return SHARED.contains(node.getOp());
  }

  /**
   * Returns the name of the operation of an input: {@code name}, {@code name:1} or {@code ^name}.
   */
  private static String operation(String input) {
    int colon = input.indexOf(':');
    return input.substring(input.startsWith("^") ? 1 : 0, colon < 0 ? input.length() : colon);
  }

  private Operation copied(String input) {
    String name = operation(input);
    Operation copy = copies.get(name);
    checkState(
        copy != null || !needed.contains(name),
        "operation %s must come before what takes it, as in no loop of TensorFlow 1; use one device",
        name);
    return copy == null ? graph.operationOrThrow(name) : copy;
  }

  private Output<?> output(String input) {
    Output<?> other = replaced.get(input);
    int colon = input.indexOf(':');
    return other == null
        ? copied(input).output(colon < 0 ? 0 : Integer.parseInt(input.substring(colon + 1)))
        : other;
  }

  private Operation copy(Ops tf, NodeDef node, Consumer<OperationBuilder> change) {
    Ops placed = node.getOp().equals("ReadVariableOp") ? tf.withDevice(ANYWHERE) : tf;
    OperationBuilder builder =
        graph.opBuilder(node.getOp(), prefix + "/" + node.getName(), placed.scope());
    int taken = 0;
    for (ArgDef input :
        Objects.requireNonNull(DEFINITIONS.get().get(node.getOp())).getInputArgList()) {
      boolean list = !input.getNumberAttr().isEmpty() || !input.getTypeListAttr().isEmpty();
      Output<?>[] outputs = new Output<?>[list ? length(node, input) : 1];
      for (int i = 0; i < outputs.length; i++) {
        outputs[i] = output(node.getInput(taken++));
      }
      if (list) {
        builder.addInputList(outputs);
      } else {
        builder.addInput(outputs[0]);
      }
    }
    // Those that are left are control inputs.
    node.getInputList()
        .subList(taken, node.getInputCount())
        .forEach(input -> builder.addControlInput(copied(input)));
    node.getAttrMap().forEach(builder::setAttr);
    if (!node.getDevice().isEmpty()) {
      builder.setDevice(node.getDevice());
    }
    change.accept(builder);
    return builder.build();
  }

  private static int length(NodeDef node, ArgDef input) {
    Map<String, AttrValue> attributes = node.getAttrMap();
    return input.getNumberAttr().isEmpty()
        ? Objects.requireNonNull(attributes.get(input.getTypeListAttr())).getList().getTypeCount()
        : Math.toIntExact(Objects.requireNonNull(attributes.get(input.getNumberAttr())).getI());
  }

  /** Returns TensorFlow's definitions of all operations, which say which inputs are lists. */
  private static Map<String, OpDef> definitions() {
    TF_Buffer buffer = TF_GetAllOpList();
    try {
      return OpList.parseFrom(buffer.dataAsByteBuffer()).getOpList().stream()
          .collect(Collectors.toMap(OpDef::getName, Function.identity()));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("TensorFlow's list of operations cannot be read", e);
    } finally {
      TF_DeleteBuffer(buffer);
    }
  }
}
