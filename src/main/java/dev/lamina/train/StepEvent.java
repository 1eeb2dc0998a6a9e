package dev.lamina.train;

/**
 * A step that was taken.
 *
 * @param step its number in the run, from 0
 * @param epoch its epoch, from 1
 * @param images the images of its batch
 * @param loss the mean loss of its batch, before the update
 * @param accuracy the share of its batch that was recognised, before the update
 * @param learningRate the learning rate
 * @param momentum the momentum
 */
public record StepEvent(
    long step,
    int epoch,
    int images,
    double loss,
    double accuracy,
    double learningRate,
    double momentum) {}
