package dev.lamina.train;

/**
 * A finished step. {@link RunHandle#metrics} returns loss and accuracy.
 *
 * @param step its number in the run, from 0
 * @param epoch its epoch, from 1
 * @param images the number of images in its batch
 * @param learningRate the learning rate
 * @param momentum the momentum
 */
public record StepEvent(long step, int epoch, int images, double learningRate, double momentum) {}
