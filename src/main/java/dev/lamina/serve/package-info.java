/** An HTTP server for exported models, compatible with TensorFlow Serving's REST API. */
@NullMarked
package dev.lamina.serve;

import org.jspecify.annotations.NullMarked;
