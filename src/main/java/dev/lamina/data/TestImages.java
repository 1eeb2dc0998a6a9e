package dev.lamina.data;

/**
 * The images that a model is tested on.
 *
 * @param images the images
 * @param report how the image files were read; {@link ReadReport#NONE} for other data sets
 */
public record TestImages(ImageSet images, ReadReport report) {}
