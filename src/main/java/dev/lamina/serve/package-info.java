/** A server that answers for an exported model over HTTP, as TensorFlow Serving does. */
@NullMarked
package dev.lamina.serve;

import org.jspecify.annotations.NullMarked;
