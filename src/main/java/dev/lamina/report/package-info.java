/** Reports of a run: the history as CSV, plots, and contact sheets of images. */
@NullMarked
package dev.lamina.report;

import org.jspecify.annotations.NullMarked;
