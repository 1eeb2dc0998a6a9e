package dev.lamina.graph;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.base.Preconditions.checkState;

import com.google.common.collect.Lists;
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
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TFloating;

/**
 * The backward pass of a network: gradients that layers define themselves, and activation
 * checkpointing. A layer gets it from {@link Context#backward()}; a layer that uses TensorFlow's
 * own gradient does not need it.
 *
 * <p>Each result with a custom gradient is followed by a StopGradient, which TensorFlow removes
 * before it runs a graph. TensorFlow differentiates the ops between two such results; this class
 * applies the custom gradients at them.
 *
 * <p><b>Activation checkpointing</b> (Chen et al., arXiv 1604.06174): an activation that is cheap
 * to compute is dropped after the forward pass and recomputed in the backward pass. A layer that
 * produces one registers how ({@link #checkpoint}); a layer whose custom gradient uses its input
 * asks for {@link #rematerialized} instead.
 */
public final class Backward {
  private record Custom(
      List<Operand<TFloating>> inputs,
      Output<?> result,
      Function<Operand<TFloating>, List<Operand<TFloating>>> gradient) {}

  /** In the order in which they were built, so each comes after those that it is computed from. */
  private final List<Custom> customs = new ArrayList<>();

  private final Map<Output<?>, UnaryOperator<Operand<TFloating>>> recipes = new HashMap<>();
  private final Map<Output<?>, Operand<TFloating>> rematerialized = new HashMap<>();
  private final Ops root;
  private final boolean training;
  private final boolean rematerializes;

  /**
   * Creates the backward pass of one pass over a network.
   *
   * @param training if false, nothing is registered: there is no backward pass
   * @param rematerializes whether cheap activations are recomputed instead of being kept
   */
  Backward(Ops root, boolean training, boolean rematerializes) {
    this.root = root;
    this.training = training;
    this.rematerializes = rematerializes;
  }

  /**
   * Sets a custom gradient of a result, as {@code tf.custom_gradient} does in Python. Does nothing
   * in inference.
   *
   * @param inputs the operands that the result is computed from, including parameters
   * @param result the result
   * @param gradient given the gradient with respect to the result, builds those with respect to the
   *     inputs, in their order
   * @return the result to use from now on. {@link #gradients} continues from it to the inputs; the
   *     graph's own {@code addGradients} stops at it.
   */
  public Operand<TFloating> withGradient(
      List<Operand<TFloating>> inputs,
      Operand<TFloating> result,
      Function<Operand<TFloating>, List<Operand<TFloating>>> gradient) {
    if (!training) {
      return result;
    }
    Operand<TFloating> stopped = root.stopGradient(result);
    customs.add(new Custom(inputs, stopped.asOutput(), gradient));
    return stopped;
  }

  /**
   * Returns whether cheap activations are recomputed in the backward pass instead of being kept.
   * The device decides ({@link Device#rematerializes}).
   */
  public boolean rematerializes() {
    return rematerializes;
  }

  /**
   * Registers how an activation is recomputed from what the backward pass needs anyway, so that it
   * is not kept. Does nothing in inference.
   *
   * @param result the activation
   * @param recipe computes the same numbers again, without new random draws or statistics, after
   *     the operand that it is given: its first operation takes {@code
   *     tf.withControlDependencies(after).identity(x)} instead of x or, if x is a checkpoint
   *     itself, {@code rematerialized(x, after)}. Otherwise TensorFlow merges the two computations
   *     into one.
   */
  public void checkpoint(Operand<TFloating> result, UnaryOperator<Operand<TFloating>> recipe) {
    if (training) {
      recipes.put(unstopped(result), recipe);
    }
  }

  /** Returns whether an activation was registered by {@link #checkpoint}. */
  public boolean isCheckpoint(Operand<TFloating> result) {
    return recipes.containsKey(unstopped(result));
  }

  /**
   * Returns an activation for use in the backward pass: the recomputed value if one was registered,
   * else the value itself. A layer that uses TensorFlow's own gradient stays correct but keeps its
   * activations in memory.
   *
   * @param result the activation
   * @param after the operand that must be computed first: the gradient so far
   */
  public Operand<TFloating> rematerialized(Operand<TFloating> result, Operand<TFloating> after) {
    Output<?> key = unstopped(result);
    UnaryOperator<Operand<TFloating>> recipe = recipes.get(key);
    if (recipe == null) {
      return result;
    }
    Operand<TFloating> again = rematerialized.get(key);
    if (again == null) {
      again = recipe.apply(after);
      rematerialized.put(key, again);
    }
    return again;
  }

  /** Returns the result before its StopGradients. */
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

  /**
   * Builds the gradients of a result of this pass.
   *
   * @param y the result, such as the loss; if it is not a scalar, the sum of its elements is
   *     differentiated
   * @param xs the tensors to differentiate with respect to: reads of variables, or the network's
   *     input
   * @return dy/dx of each x that y depends on
   * @throws IllegalArgumentException if one x is computed from another
   * @throws org.tensorflow.exceptions.TensorFlowException if an operation between them has no
   *     gradient
   */
  public Map<Output<?>, Operand<TFloating>> gradients(
      Operand<?> y, Collection<? extends Output<?>> xs) {
    // Another backward pass must not wait for this one.
    rematerialized.clear();
    Set<Output<?>> wanted = new HashSet<>(xs);
    checkIndependent(xs, wanted);
    for (Custom custom : customs) {
      if (custom.inputs.stream().anyMatch(input -> !reached(input.asOutput(), wanted).isEmpty())) {
        wanted.add(custom.result);
      }
    }
    Map<Output<?>, List<Operand<TFloating>>> parts = new HashMap<>();
    differentiate(root, y.asOutput(), null, wanted, parts);
    for (Custom custom : Lists.reverse(customs)) {
      List<Operand<TFloating>> part = parts.remove(custom.result);
      if (part != null) {
        applyCustom(custom, sum(root, part), wanted, parts);
      }
    }
    Map<Output<?>, Operand<TFloating>> gradients = new HashMap<>();
    parts.forEach((x, part) -> gradients.put(x, sum(root, part)));
    return gradients;
  }

  private static void checkIndependent(Collection<? extends Output<?>> xs, Set<Output<?>> wanted) {
    for (Output<?> x : xs) {
      checkArgument(
          ((GraphOperation) x.op())
              .inputs().stream().allMatch(input -> reached(input.asOutput(), wanted).isEmpty()),
          "xs must not be computed from each other, but %s is",
          x.op().name());
    }
  }

  private void applyCustom(
      Custom custom,
      Operand<TFloating> dy,
      Set<Output<?>> wanted,
      Map<Output<?>, List<Operand<TFloating>>> parts) {
    List<Operand<TFloating>> dxs = custom.gradient.apply(dy);
    checkState(
        dxs.size() == custom.inputs.size(),
        "%s must get one gradient for each of its %s inputs, got %s",
        custom.result.op().name(),
        custom.inputs.size(),
        dxs.size());
    for (int j = 0; j < dxs.size(); j++) {
      differentiate(root, custom.inputs.get(j).asOutput(), dxs.get(j), wanted, parts);
    }
  }

  /**
   * Adds the contribution of y to the gradients of the wanted outputs that it is computed from.
   *
   * @param dy the gradient with respect to y; 1 if null
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
      Output<?>[] dxs = GraphOps.graph(tf).addGradients(null, new Output<?>[] {y}, xs, dys);
      for (int i = 0; i < xs.length; i++) {
        if (!isMissing(dxs[i])) {
          parts.computeIfAbsent(xs[i], x -> new ArrayList<>()).add(asFloating(dxs[i]));
        }
      }
    }
  }

  /** Returns the first wanted outputs on every path back from y. */
  private static Set<Output<?>> reached(Output<?> y, Set<Output<?>> wanted) {
    Set<Output<?>> reached = new LinkedHashSet<>();
    Set<Output<?>> seen = new HashSet<>();
    Deque<Output<?>> queue = new ArrayDeque<>(List.of(y));
    while (!queue.isEmpty()) {
      Output<?> output = queue.remove();
      if (wanted.contains(output)) {
        reached.add(output);
      } else if (!isStopped(output)) {
        for (Operand<?> input : ((GraphOperation) output.op()).inputs()) {
          if (seen.add(input.asOutput())) {
            queue.add(input.asOutput());
          }
        }
      }
    }
    return reached;
  }

  /** Returns whether there is no gradient: TensorFlow returns an output of no operation then. */
  private static boolean isMissing(Output<?> gradient) {
    try {
      return gradient.op().type().isEmpty();
    } catch (IllegalStateException e) {
      return true;
    }
  }

  @SuppressWarnings("unchecked") // A gradient has the type of its result.
  private static Operand<TFloating> asFloating(Output<?> gradient) {
    return (Output<TFloating>) gradient;
  }

  private static Operand<TFloating> sum(Ops tf, List<Operand<TFloating>> parts) {
    return parts.size() == 1 ? parts.get(0) : tf.math.addN(parts);
  }
}
