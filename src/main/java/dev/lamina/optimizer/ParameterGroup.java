package dev.lamina.optimizer;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.Context;
import dev.lamina.graph.Role;
import dev.lamina.graph.Variable;
import java.util.Collection;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Parameters that are trained with a learning rate, a weight decay or a momentum of their own, like
 * an element of {@code param_groups} of PyTorch's optimizers:
 *
 * <pre>{@code
 * ParameterGroup.matching("classifier").rate(10)
 * ParameterGroup.matching().roles(Role.NORM).names("bias").rate(64)     // biases of batch norms
 * ParameterGroup.matching().roles(Role.NORM, Role.BIAS).weightDecay(0)
 * }</pre>
 *
 * <p>A parameter belongs to the first group that matches it: that is in one of the layers and has
 * one of the roles and one of the names. Parameters of no group have the values of the optimizer
 * and the schedule.
 *
 * @param layers the full names of layers, or prefixes of them, as in {@code freeze}; empty for all
 * @param roles the purposes of parameters; empty for all
 * @param names the names of parameters inside their layer, such as {@code bias}; empty for all
 * @param rate the factor of the schedule's learning rate; 1 unless set
 * @param weightDecay the weight decay, in place of the optimizer's; decoupled if the optimizer's is
 * @param momentum the momentum (Adam: beta1) of every step, in place of the optimizer's or the
 *     schedule's
 */
public record ParameterGroup(
    List<String> layers,
    List<Role> roles,
    List<String> names,
    double rate,
    OptionalDouble weightDecay,
    OptionalDouble momentum) {
  /** Checks the ranges, and copies the lists. */
  public ParameterGroup {
    layers = List.copyOf(layers);
    roles = List.copyOf(roles);
    names = List.copyOf(names);
    for (Role role : roles) {
      checkArgument(role.trainable(), "roles must be those of trained parameters, got %s", role);
    }
    checkArgument(
        rate >= 0 && rate < Double.POSITIVE_INFINITY,
        "rate must be finite and not negative, got %s",
        rate);
    weightDecay.ifPresent(GradientTransform::checkWeightDecay);
    momentum.ifPresent(
        value ->
            checkArgument(value >= 0 && value < 1, "momentum must be in [0, 1), got %s", value));
  }

  /**
   * Returns a group with the optimizer's values.
   *
   * @param layers the full names of layers, as {@code Model.summary} shows them, or prefixes of
   *     them; all layers if none is given
   */
  public static ParameterGroup matching(String... layers) {
    return new ParameterGroup(
        List.of(layers), List.of(), List.of(), 1, OptionalDouble.empty(), OptionalDouble.empty());
  }

  /** Returns this group with only parameters of these purposes. */
  public ParameterGroup roles(Role... roles) {
    return new ParameterGroup(layers, List.of(roles), names, rate, weightDecay, momentum);
  }

  /** Returns this group with only parameters of these names, such as {@code bias}. */
  public ParameterGroup names(String... names) {
    return new ParameterGroup(layers, roles, List.of(names), rate, weightDecay, momentum);
  }

  /** Returns this group with another factor of the learning rate. */
  public ParameterGroup rate(double rate) {
    return new ParameterGroup(layers, roles, names, rate, weightDecay, momentum);
  }

  /** Returns this group with a weight decay of its own. */
  public ParameterGroup weightDecay(double weightDecay) {
    return new ParameterGroup(layers, roles, names, rate, OptionalDouble.of(weightDecay), momentum);
  }

  /** Returns this group with a momentum of its own. */
  public ParameterGroup momentum(double momentum) {
    return new ParameterGroup(layers, roles, names, rate, weightDecay, OptionalDouble.of(momentum));
  }

  /**
   * Returns the group of a variable: the first that matches, or one with the optimizer's values.
   */
  static ParameterGroup of(List<ParameterGroup> groups, Variable variable) {
    return groups.stream().filter(group -> group.matches(variable)).findFirst().orElse(matching());
  }

  private boolean matches(Variable variable) {
    return (layers.isEmpty()
            || layers.stream().anyMatch(layer -> Context.contains(layer, variable.name())))
        && (roles.isEmpty() || roles.contains(variable.parameter().role()))
        && (names.isEmpty() || names.contains(variable.parameter().name()));
  }

  /**
   * Checks that every layer and every name is one of a network, and trained. Its roles need not
   * occur, so that one recipe serves networks with and without normalisation.
   *
   * @param variables the variables of the network
   * @throws IllegalArgumentException if one is not
   */
  public void check(Collection<Variable> variables) {
    List<Variable> trained =
        variables.stream().filter(v -> v.parameter().role().trainable()).toList();
    for (String layer : layers) {
      checkArgument(
          trained.stream().anyMatch(variable -> Context.contains(layer, variable.name())),
          "layers of a parameter group must be layers with weights, got \"%s\"; the network has %s",
          layer,
          trained.stream().map(v -> v.name().replaceAll("\\..*", "")).distinct().toList());
    }
    List<String> known = trained.stream().map(v -> v.parameter().name()).distinct().toList();
    for (String name : names) {
      checkArgument(
          known.contains(name),
          "names of a parameter group must be some of %s, got \"%s\"",
          known,
          name);
    }
  }
}
