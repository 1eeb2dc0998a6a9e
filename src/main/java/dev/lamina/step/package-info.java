/** One training step in four parts: batch, gradients, exchange, update. */
@NullMarked
package dev.lamina.step;

import org.jspecify.annotations.NullMarked;
