/**
 * Augmentations: random changes of a batch of images inside the graph. Each is an immutable value;
 * its random choices are drawn by stateless ops keyed by a seed operand, apart from the code that
 * applies them, so that given draws give exact pixels and the same seed gives the same batch, run
 * after run.
 */
@NullMarked
package dev.lamina.augment;

import org.jspecify.annotations.NullMarked;
