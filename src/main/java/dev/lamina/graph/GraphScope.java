package dev.lamina.graph;

import org.tensorflow.ConcreteFunction;
import org.tensorflow.DeviceSpec;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Graph;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.OpScope;
import org.tensorflow.op.Ops;
import org.tensorflow.op.Scope;

/**
 * A scope of a graph that asks for a name whether it is taken. TensorFlow Java's own scope reads
 * the names of all operations whenever another one is opened in it, so that a graph takes the
 * longer to extend the larger it is. It also numbers operations in the digits of the default
 * locale, and rejects what it has numbered if they are not 0 to 9, as in Arabic or Persian.
 *
 * @param graph the graph
 * @param names the scope that makes the names, and does not know the graph's
 */
record GraphScope(Graph graph, Scope names) implements Scope {
  /** Returns the operations of a graph, in its root scope. */
  static Ops ops(Graph graph) {
    return Ops.create(new Unnamed(graph));
  }

  @Override
  public ExecutionEnvironment env() {
    return graph;
  }

  @Override
  public Scope withSubScope(String name) {
    return new GraphScope(graph, names.withSubScope(name));
  }

  @Override
  public Scope withName(String name) {
    return new GraphScope(graph, names.withName(name));
  }

  @Override
  public Scope withNameAsSubScope(String defaultName) {
    return new GraphScope(graph, names.withNameAsSubScope(defaultName));
  }

  @Override
  public Scope withDevice(DeviceSpec device) {
    return new GraphScope(graph, names.withDevice(device));
  }

  @Override
  public Scope withInitScope() {
    return new GraphScope(graph, names.withInitScope());
  }

  @Override
  public Scope withControlDependencyOps(Iterable<Operation> controls) {
    return new GraphScope(graph, names.withControlDependencyOps(controls));
  }

  @Override
  public String makeOpName(String defaultName) {
    String name;
    do {
      name = withAsciiDigits(names.makeOpName(defaultName));
    } while (graph.operation(name) != null);
    return name;
  }

  @Override
  public String makeUnique(String id) {
    return withAsciiDigits(names.makeUnique(id));
  }

  private static String withAsciiDigits(String name) {
    StringBuilder renamed = new StringBuilder(name.length());
    name.codePoints()
        .map(c -> Character.isDigit(c) ? '0' + Character.digit(c, 10) : c)
        .forEach(renamed::appendCodePoint);
    return renamed.toString();
  }

  /** Does nothing: names are compared with the graph's when they are made. */
  @Override
  public void refreshNames() {}

  @Override
  public OperationBuilder apply(OperationBuilder builder) {
    return names.apply(builder);
  }

  @Override
  public String getDeviceString() {
    return names.getDeviceString();
  }

  @Override
  public boolean isInit() {
    return names.isInit();
  }

  /** A graph whose names are not read, because it is not a {@link Graph}. */
  private record Unnamed(Graph graph) implements ExecutionEnvironment {
    @Override
    public OperationBuilder opBuilder(String type, String name, Scope scope) {
      return graph.opBuilder(type, name, scope);
    }

    @Override
    public void attachFunction(ConcreteFunction function) {
      graph.attachFunction(function);
    }

    @Override
    public void checkInput(Operation input) {
      graph.checkInput(input);
    }

    @Override
    public Types environmentType() {
      return graph.environmentType();
    }

    @Override
    public Scope baseScope() {
      return new GraphScope(graph, new OpScope(this));
    }

    @Override
    public boolean isInitializer(Operation operation) {
      return graph.isInitializer(operation);
    }
  }
}
