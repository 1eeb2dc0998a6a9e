package dev.lamina.graph;

import java.text.DecimalFormatSymbols;
import java.util.Locale;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.OpScope;
import org.tensorflow.op.Ops;
import org.tensorflow.op.Scope;

/**
 * Operations whose names have the digits 0 to 9. TensorFlow Java numbers them in the digits of the
 * default locale, and rejects what it has numbered if those are others, as in Arabic or Persian.
 */
public final class OpNames {
  private OpNames() {}

  /** Returns the operations of a graph, at its root scope. */
  public static Ops ops(Graph graph) {
    DecimalFormatSymbols symbols =
        DecimalFormatSymbols.getInstance(Locale.getDefault(Locale.Category.FORMAT));
    return Ops.create(symbols.getZeroDigit() == '0' ? graph : new Renaming(graph));
  }

  /** Returns the graph that operations are added to. */
  public static Graph graph(Ops tf) {
    ExecutionEnvironment environment = tf.scope().env();
    return environment instanceof Renaming renaming ? renaming.graph : (Graph) environment;
  }

  /** Returns the builder of an operation that {@link Ops} lacks, with its inputs. */
  public static OperationBuilder builder(Ops tf, String type, Operand<?>... inputs) {
    OperationBuilder builder = tf.scope().opBuilder(type, type);
    for (Operand<?> input : inputs) {
      builder.addInput(input.asOutput());
    }
    return builder;
  }

  /** A graph that is told the names in other digits. */
  private record Renaming(Graph graph) implements ExecutionEnvironment {
    @Override
    public OperationBuilder opBuilder(String type, String name, Scope scope) {
      StringBuilder renamed = new StringBuilder();
      name.codePoints()
          .map(c -> Character.isDigit(c) ? '0' + Character.digit(c, 10) : c)
          .forEach(renamed::appendCodePoint);
      return graph.opBuilder(type, renamed.toString(), scope);
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
      return new OpScope(this);
    }

    @Override
    public boolean isInitializer(Operation operation) {
      return graph.isInitializer(operation);
    }
  }
}
