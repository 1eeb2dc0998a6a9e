/** Losses inside the graph. */
@NullMarked
package dev.lamina.loss;

import org.jspecify.annotations.NullMarked;
