package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * The backward pass of a network in which some results have a gradient of their own. Each of those
 * is followed by a StopGradient, which TensorFlow drops before it runs a graph. Between them
 * TensorFlow builds the gradients; across them, this does.
 */
final class Backward {
  private record Custom(
      List<Operand<TFloating>> inputs,
      Output<?> result,
      Function<Operand<TFloating>, List<Operand<TFloating>>> gradient) {}

  /** In the order in which they were built, so each is behind those that it is computed from. */
  private final List<Custom> customs = new ArrayList<>();

  private final Map<Output<?>, UnaryOperator<Operand<TFloating>>> recipes = new HashMap<>();
  private final Map<Output<?>, Operand<TFloating>> recomputed = new HashMap<>();

  /** Gives a result its own gradient; see {@link Context#withGradient}. */
  Operand<TFloating> custom(
      Ops tf,
      List<Operand<TFloating>> inputs,
      Operand<TFloating> result,
      Function<Operand<TFloating>, List<Operand<TFloating>>> gradient) {
    Operand<TFloating> stopped = tf.stopGradient(result);
    customs.add(new Custom(inputs, stopped.asOutput(), gradient));
    return stopped;
  }

  /** Says how a result is computed again; see {@link Context#recomputable}. */
  void recomputable(Operand<TFloating> result, UnaryOperator<Operand<TFloating>> recipe) {
    recipes.put(unstopped(result), recipe);
  }

  /** Whether a result can be computed again. */
  boolean isRecomputable(Operand<TFloating> result) {
    return recipes.containsKey(unstopped(result));
  }

  /** Computes a result again, once; see {@link Context#recomputed}. */
  Operand<TFloating> recomputed(Operand<TFloating> result, Operand<TFloating> after) {
    Output<?> key = unstopped(result);
    UnaryOperator<Operand<TFloating>> recipe = recipes.get(key);
    if (recipe == null) {
      return result;
    }
    Operand<TFloating> again = recomputed.get(key);
    if (again == null) {
      again = recipe.apply(after);
      recomputed.put(key, again);
    }
    return again;
  }

  /** The result itself, where what stands for it is given. */
  private static Output<?> unstopped(Operand<TFloating> result) {
    Output<?> output = result.asOutput();
    while (isStopped(output)) {
      output = ((GraphOperation) output.op()).inputs().iterator().next().asOutput();
    }
    return output;
  }

  private static boolean isStopped(Output<?> output) {
    return output.op().type().equals("StopGradient");
  }

  /** Builds the gradients; see {@link Context#gradients}. */
  Map<Output<?>, Operand<TFloating>> gradients(
      Ops tf, Operand<?> y, Collection<? extends Output<?>> xs) {
    // Another backward pass must not wait for this one.
    recomputed.clear();
    Set<Output<?>> wanted = new HashSet<>(xs);
    for (Output<?> x : xs) {
      checkArgument(
          ((GraphOperation) x.op())
              .inputs().stream().allMatch(input -> reached(input.asOutput(), wanted).isEmpty()),
          "xs must not be computed from each other, but %s is",
          x.op().name());
    }
    for (Custom custom : customs) {
      if (custom.inputs.stream().anyMatch(input -> !reached(input.asOutput(), wanted).isEmpty())) {
        wanted.add(custom.result);
      }
    }
    Map<Output<?>, List<Operand<TFloating>>> parts = new HashMap<>();
    differentiate(tf, y.asOutput(), null, wanted, parts);
    for (int i = customs.size() - 1; i >= 0; i--) {
      Custom custom = customs.get(i);
      List<Operand<TFloating>> part = parts.remove(custom.result);
      if (part != null) {
        List<Operand<TFloating>> dxs = custom.gradient.apply(sum(tf, part));
        checkState(
            dxs.size() == custom.inputs.size(),
            "%s must get one gradient for each of its %s inputs, got %s",
            custom.result.op().name(),
            custom.inputs.size(),
            dxs.size());
        for (int j = 0; j < dxs.size(); j++) {
          differentiate(tf, custom.inputs.get(j).asOutput(), dxs.get(j), wanted, parts);
        }
      }
    }
    Map<Output<?>, Operand<TFloating>> gradients = new HashMap<>();
    parts.forEach((x, part) -> gradients.put(x, sum(tf, part)));
    return gradients;
  }

  /**
   * Adds what y gives to the gradients of the wanted outputs that it is computed from.
   *
   * @param dy the gradient of y; 1 where null
   */
  private static void differentiate(
      Ops tf,
      Output<?> y,
      @Nullable Operand<TFloating> dy,
      Set<Output<?>> wanted,
      Map<Output<?>, List<Operand<TFloating>>> parts) {
    if (dy != null && wanted.contains(y)) {
      parts.computeIfAbsent(y, x -> new ArrayList<>()).add(dy);
      return;
    }
    Output<?>[] xs = reached(y, wanted).toArray(Output<?>[]::new);
    if (xs.length > 0) {
      Output<?>[] dys = dy == null ? null : new Output<?>[] {dy.asOutput()};
      Output<?>[] dxs = ((Graph) tf.scope().env()).addGradients(null, new Output<?>[] {y}, xs, dys);
      for (int i = 0; i < xs.length; i++) {
        if (!dead(dxs[i])) {
          parts.computeIfAbsent(xs[i], x -> new ArrayList<>()).add(wide(dxs[i]));
        }
      }
    }
  }

  /** The first wanted outputs on every way back from y. */
  private static Set<Output<?>> reached(Output<?> y, Set<Output<?>> wanted) {
    Set<Output<?>> reached = new LinkedHashSet<>();
    Set<Output<?>> seen = new HashSet<>();
    Deque<Output<?>> ways = new ArrayDeque<>(List.of(y));
    while (!ways.isEmpty()) {
      Output<?> output = ways.remove();
      if (wanted.contains(output)) {
        reached.add(output);
      } else if (!isStopped(output)) {
        for (Operand<?> input : ((GraphOperation) output.op()).inputs()) {
          if (seen.add(input.asOutput())) {
            ways.add(input.asOutput());
          }
        }
      }
    }
    return reached;
  }

  /** TensorFlow answers with an output of no operation where no gradient leads to x. */
  private static boolean dead(Output<?> gradient) {
    try {
      return gradient.op().type().isEmpty();
    } catch (IllegalStateException e) {
      return true;
    }
  }

  @SuppressWarnings("unchecked") // A gradient is of its result's type.
  private static Operand<TFloating> wide(Output<?> gradient) {
    return (Output<TFloating>) gradient;
  }

  private static Operand<TFloating> sum(Ops tf, List<Operand<TFloating>> parts) {
    return parts.size() == 1 ? parts.get(0) : tf.math.addN(parts);
  }
}
