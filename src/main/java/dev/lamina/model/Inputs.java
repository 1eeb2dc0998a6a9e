package dev.lamina.model;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.data.ImageSet;
import dev.lamina.data.Images;
import dev.lamina.data.Preprocessing;
import dev.lamina.network.Network;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
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

  void check(Preprocessing preprocessing) {
    checkArgument(
        preprocessing.resize().height() == network.height()
            && preprocessing.resize().width() == network.width(),
        "preprocessing must resize to %s x %s (height x width), got %s",
        network.height(),
        network.width(),
        preprocessing);
  }

  /** Returns the names of classes that nobody has named: "0", "1", ... */
  List<String> unnamedClasses() {
    return IntStream.range(0, network.classes()).mapToObj(Integer::toString).toList();
  }

  void checkClasses(List<String> names) {
    checkArgument(
        names.size() == network.classes(),
        "classNames must have one name for each of the %s classes, got %s",
        network.classes(),
        names.size());
  }

  void checkFits(ImageSet set) {
    check(set);
    checkArgument(
        set.classes() == network.classes(),
        "classes of the images must be the network's %s, got %s",
        network.classes(),
        set.classes());
  }

  /** Checks that images have the classes of a model in its order, if both have names. */
  void checkNames(ImageSet set, List<String> names) {
    List<String> unnamed = unnamedClasses();
    checkArgument(
        set.classNames().equals(names) || set.classNames().equals(unnamed) || names.equals(unnamed),
        "classes of the images must be the model's %s, got %s",
        names,
        set.classNames());
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

  byte[] bytes(BufferedImage image, Preprocessing preprocessing) {
    return channels(preprocessing.resize().apply(image));
  }

  byte[] bytes(Path image, Preprocessing preprocessing) {
    return channels(Images.read(image, preprocessing));
  }

  private byte[] channels(byte[] rgb) {
    checkArgument(
        network.channels() == 1 || network.channels() == 3,
        "channels of the network must be 1 or 3 to take images, got %s; give pixels",
        network.channels());
    return network.channels() == 1 ? Preprocessing.grey(rgb) : rgb;
  }
}
