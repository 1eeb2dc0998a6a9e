/** Ready-made networks. */
@NullMarked
package dev.lamina.zoo;

import org.jspecify.annotations.NullMarked;
