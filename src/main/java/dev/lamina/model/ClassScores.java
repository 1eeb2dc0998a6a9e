package dev.lamina.model;

/**
 * How well one class is recognised, or the average over classes. A ratio is NaN if its denominator
 * is 0: the precision of a class that was never predicted, the recall of one without images.
 *
 * @param precision the share of the images predicted as the class that belong to it, in [0, 1]
 * @param recall the share of the images of the class that were recognised, in [0, 1]
 * @param f1 the harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); NaN if the class
 *     has no images and was never predicted
 * @param support the number of images of the class, or of all classes
 */
public record ClassScores(double precision, double recall, double f1, long support) {}
