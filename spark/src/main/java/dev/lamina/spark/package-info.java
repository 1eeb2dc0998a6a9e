/** Training and batch inference on Spark. */
@NullMarked
package dev.lamina.spark;

import org.jspecify.annotations.NullMarked;
