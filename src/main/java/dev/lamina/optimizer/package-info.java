/**
 * Optimizers. The learning rate and the momentum are variables that a schedule sets in every step.
 */
@NullMarked
package dev.lamina.optimizer;

import org.jspecify.annotations.NullMarked;
