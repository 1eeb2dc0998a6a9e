/** The inference engine: batch norm folding and frozen weights. */
@NullMarked
package dev.lamina.inference;

import org.jspecify.annotations.NullMarked;
