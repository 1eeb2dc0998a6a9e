/** The workers that train one model together, on TensorFlow's own runtime. */
@NullMarked
package dev.lamina.distributed;

import org.jspecify.annotations.NullMarked;
