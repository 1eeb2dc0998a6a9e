/**
 * Immutable layers. A layer is a value: it knows its shape rule, its parameters and how it is wired
 * into a graph, and holds no graph itself.
 */
@NullMarked
package dev.lamina.layer;

import org.jspecify.annotations.NullMarked;
