package dev.lamina.train;

import dev.lamina.model.Evaluation;

/**
 * How a model did on some images. Those of training are seen each before its step's update.
 *
 * @param images the number of images; where it is 0, the others are NaN
 * @param loss their mean loss
 * @param accuracy the share that was recognised
 */
public record Metrics(long images, double loss, double accuracy) {
  static Metrics of(Evaluation evaluation) {
    return new Metrics(evaluation.count(), evaluation.loss(), evaluation.accuracy());
  }
}
