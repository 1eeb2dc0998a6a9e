/**
 * Schedules: pure functions from the step of a run to the learning rate at that step, and for some
 * also the momentum. Durations are counted in steps (batches), from 0; the length of the run is an
 * argument of the call, so one schedule can be used for runs of any length. A step past the end of
 * the run gets the value of the run's last step.
 */
@NullMarked
package dev.lamina.schedule;

import org.jspecify.annotations.NullMarked;
