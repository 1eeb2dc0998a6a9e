/** What a run leaves for people to look at: the history as CSV, plots, and sheets of images. */
@NullMarked
package dev.lamina.report;

import org.jspecify.annotations.NullMarked;
