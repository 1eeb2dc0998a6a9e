/** Convolutional image classifiers in pure Java on TensorFlow Java. */
@NullMarked
package dev.lamina;

import org.jspecify.annotations.NullMarked;
