/** What is done to real processes and files to see whether a run is lost. */
@NullMarked
package dev.lamina.torture;

import org.jspecify.annotations.NullMarked;
