/** The CUDA libraries that TensorFlow opens on a GPU, and the graphics driver. */
@NullMarked
package dev.lamina.cuda;

import org.jspecify.annotations.NullMarked;
