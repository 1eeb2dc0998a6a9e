package dev.lamina.train;

/**
 * How a model did on the training images of some steps, each before its step's update.
 *
 * @param images the number of images; where it is 0, the others are NaN
 * @param loss their mean loss
 * @param accuracy the share that was recognised
 */
public record Metrics(long images, double loss, double accuracy) {}
