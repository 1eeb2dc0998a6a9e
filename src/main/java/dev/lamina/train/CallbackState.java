package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.model.Weights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The state that a callback keeps under its name: numbers and weights by key. Stored in every
 * checkpoint and restored bit for bit.
 */
public final class CallbackState {
  private final Map<String, Double> numbers = new LinkedHashMap<>();
  private final Map<String, Weights> weights = new LinkedHashMap<>();

  CallbackState() {}

  /** Returns a number. */
  public double get(String key, double orElse) {
    return numbers.getOrDefault(key, orElse);
  }

  /** Stores a number. */
  public void put(String key, double value) {
    numbers.put(check(key), value);
  }

  /** Returns the weights stored under a key. */
  public Optional<Weights> weights(String key) {
    return Optional.ofNullable(weights.get(key));
  }

  /** Stores weights. */
  public void put(String key, Weights value) {
    weights.put(check(key), value);
  }

  /** Names are parts of the names of tensors, where a slash divides them. */
  static String check(String name) {
    checkArgument(
        !name.isEmpty() && !name.contains("/"),
        "name of state must not be empty or contain a slash, got \"%s\"",
        name);
    return name;
  }

  Map<String, Double> numbers() {
    return numbers;
  }

  Map<String, Weights> allWeights() {
    return weights;
  }

  /** Returns an independent copy. */
  CallbackState copy() {
    CallbackState copy = new CallbackState();
    copy.numbers.putAll(numbers);
    copy.weights.putAll(weights);
    return copy;
  }
}
