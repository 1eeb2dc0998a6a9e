package dev.lamina.train;

/**
 * A step that was taken. For loss and accuracy ask {@link RunHandle#metrics}.
 *
 * @param step its number in the run, from 0
 * @param epoch its epoch, from 1
 * @param images the images of its batch
 * @param learningRate the learning rate
 * @param momentum the momentum
 */
public record StepEvent(long step, int epoch, int images, double learningRate, double momentum) {}
