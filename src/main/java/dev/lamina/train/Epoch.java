package dev.lamina.train;

import java.util.Optional;

/**
 * An epoch that is over.
 *
 * @param number from 1
 * @param steps the steps taken since the start of the run
 * @param loss the mean training loss over the epoch's images, each before its step's update
 * @param accuracy the share of the epoch's (augmented) images that were recognised, likewise
 * @param validation how the model did on the validation images; empty where there are none
 * @param learningRate the learning rate of the epoch's last step
 * @param momentum the momentum of the epoch's last step
 * @param seconds the time it took, with the evaluation
 */
public record Epoch(
    int number,
    long steps,
    double loss,
    double accuracy,
    Optional<Metrics> validation,
    double learningRate,
    double momentum,
    double seconds) {}
