/** Training: the trainer, the single step below it, callbacks and the history of a run. */
@NullMarked
package dev.lamina.train;

import org.jspecify.annotations.NullMarked;
