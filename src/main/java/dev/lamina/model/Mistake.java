package dev.lamina.model;

/**
 * An image that was not recognised.
 *
 * @param index its index in the set
 * @param label its class
 * @param predicted the class that it was taken for
 * @param probability the probability of that class
 */
public record Mistake(int index, int label, int predicted, double probability) {}
