/**
 * Networks: the architecture of a classifier as a value, its summary, and a network with its
 * weights.
 */
@NullMarked
package dev.lamina.network;

import org.jspecify.annotations.NullMarked;
