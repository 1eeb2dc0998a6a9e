/**
 * Immutable layers. A layer is a value that defines its output shape, its parameters and how it is
 * built into a graph; it does not hold a graph.
 */
@NullMarked
package dev.lamina.layer;

import org.jspecify.annotations.NullMarked;
