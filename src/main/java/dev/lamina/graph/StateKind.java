package dev.lamina.graph;

/** The purpose of a variable. Everything that a step or a callback changes is a variable. */
public enum StateKind {
  /** A weight that the optimizer trains. */
  PARAMETER,
  /** A running statistic of a layer, such as batch norm's. */
  STATISTIC,
  /** The state of an optimizer, such as the velocity of one parameter. */
  OPTIMIZER_SLOT,
  /** A number that steps update, such as the loss scale. */
  COUNTER,
  /** A number that the schedule sets in every step: learning rate or momentum. */
  SCHEDULED,
  /** The state of a callback inside the graph, such as averaged weights. */
  CALLBACK
}
