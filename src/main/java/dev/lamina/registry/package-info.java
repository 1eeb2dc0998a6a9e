/** Names for classes and values, so that files and the command line outlive the code. */
@NullMarked
package dev.lamina.registry;

import org.jspecify.annotations.NullMarked;
