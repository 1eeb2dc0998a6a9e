/** Metrics inside the graph: functions of outputs and targets, one value for each example. */
@NullMarked
package dev.lamina.metric;

import org.jspecify.annotations.NullMarked;
