/** The commands. The only package that prints or exits. */
@NullMarked
package dev.lamina.cli;

import org.jspecify.annotations.NullMarked;
