/**
 * Measurements of the benchmark command: the profile of a step, the input pipeline, the peak
 * throughput of the machine.
 */
@NullMarked
package dev.lamina.benchmark;

import org.jspecify.annotations.NullMarked;
