package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.ImageSet;
import dev.lamina.data.Images;
import dev.lamina.network.Network;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import org.tensorflow.ndarray.Shape;

/**
 * Checks that images fit a network, and converts them to its input: height x width x channels
 * bytes.
 */
record Inputs(Network network) {
  void check(ImageSet set) {
    Shape shape = Shape.of(set.height(), set.width(), set.channels());
    checkArgument(
        shape.equals(network.inputShape()),
        "images must be %s x %s x %s (height x width x channels), got %s x %s x %s",
        network.height(),
        network.width(),
        network.channels(),
        set.height(),
        set.width(),
        set.channels());
  }

  void checkFits(ImageSet set) {
    check(set);
    checkArgument(
        set.classes() == network.classes(),
        "classes of the images must be the network's %s, got %s",
        network.classes(),
        set.classes());
  }

  void check(byte[] pixels) {
    long expected = network.inputShape().size();
    checkArgument(
        pixels.length == expected,
        "pixels must be %s bytes (%s x %s x %s), got %s",
        expected,
        network.height(),
        network.width(),
        network.channels(),
        pixels.length);
  }

  byte[] bytes(int[][][] pixels) {
    return Pixels.bytes(pixels, network.height(), network.width(), network.channels());
  }

  byte[] bytes(BufferedImage image) {
    checkArgument(
        image.getHeight() == network.height() && image.getWidth() == network.width(),
        "image must be %s x %s (width x height), got %s x %s; scale it first",
        network.width(),
        network.height(),
        image.getWidth(),
        image.getHeight());
    return Images.pixels(image);
  }

  byte[] bytes(Path image) {
    return Images.read(image, network.height(), network.width());
  }
}
