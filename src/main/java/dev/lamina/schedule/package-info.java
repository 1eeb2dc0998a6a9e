/**
 * Schedules: pure functions from the step of a run to the learning rate, and for some also the
 * momentum, in force at that step. Durations are counted in steps (batches), from 0; the length of
 * the run is an argument of the call, so one schedule value serves runs of any length. A step past
 * the end of the run gets the value of the run's last step.
 */
@NullMarked
package dev.lamina.schedule;

import org.jspecify.annotations.NullMarked;
