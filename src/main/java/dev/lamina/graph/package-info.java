/**
 * What it takes to put things into a TensorFlow graph: parameters and their initial values,
 * variables, the context that a layer is built in, and the session.
 */
@NullMarked
package dev.lamina.graph;

import org.jspecify.annotations.NullMarked;
