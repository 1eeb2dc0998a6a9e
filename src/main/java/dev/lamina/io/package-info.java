/** Atomic writes, folder locks, downloads, and the exception for errors that the user can fix. */
@NullMarked
package dev.lamina.io;

import org.jspecify.annotations.NullMarked;
