package dev.lamina.serve;

import dev.lamina.data.Images;
import dev.lamina.data.Preprocessing;
import dev.lamina.io.LaminaException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TUint8;

/**
 * One signature of an exported model: maps a batch of images to named outputs. An image is either
 * pixels (uint8 of a fixed shape) or an encoded file. Thread-safe.
 */
final class ServedSignature {
  private final Session session;
  private final Preprocessing preprocessing;
  private final SignatureDef definition;
  private final String input;
  private final boolean acceptsFiles;

  /** The signature that runs: it takes pixels. */
  private final SignatureDef runs;

  private final TensorInfo info;
  private final List<Integer> pixels;

  /**
   * Creates a signature that runs in the given session.
   *
   * @param definition its inputs and outputs, as clients see them
   * @param ofPixels a signature of the same outputs that takes pixels, which runs if this one takes
   *     files: they are decoded in Java, as in training
   * @throws LaminaException if its input is not a single batch of images
   */
  ServedSignature(
      String name,
      SignatureDef definition,
      SignatureDef ofPixels,
      Session session,
      Preprocessing preprocessing) {
    this.session = session;
    this.preprocessing = preprocessing;
    this.definition = definition;
    Map.Entry<String, TensorInfo> own = only(name, definition);
    input = own.getKey();
    acceptsFiles =
        own.getValue().getDtype() == DataType.DT_STRING && shape(own.getValue()).size() == 1;
    runs = acceptsFiles ? ofPixels : definition;
    info = only(name, runs).getValue();
    if (info.getDtype() != DataType.DT_UINT8 || shape(info).size() < 2) {
      throw unsupported(name, "takes %s of %s".formatted(info.getDtype(), shape(info)));
    }
    pixels = shape(info).subList(1, shape(info).size());
  }

  private static Map.Entry<String, TensorInfo> only(String name, SignatureDef definition) {
    if (definition.getInputsCount() != 1) {
      throw unsupported(name, "has %s inputs".formatted(definition.getInputsCount()));
    }
    return definition.getInputsMap().entrySet().iterator().next();
  }

  private static List<Integer> shape(TensorInfo info) {
    return info.getTensorShape().getDimList().stream()
        .map(TensorShapeProto.Dim::getSize)
        .map(Math::toIntExact)
        .toList();
  }

  private static LaminaException unsupported(String name, String found) {
    return new LaminaException(
        "signature %s must take one batch of images, %s; export the model again"
            .formatted(name, found));
  }

  /** The definition in the export. */
  SignatureDef definition() {
    return definition;
  }

  /** The name of the input. */
  String input() {
    return input;
  }

  /** Whether clients send encoded files. */
  boolean acceptsFiles() {
    return acceptsFiles;
  }

  /** The shape of an image's pixels, such as height, width and channels. */
  List<Integer> pixels() {
    return pixels;
  }

  /** The number of bytes of an image's pixels. */
  int bytes() {
    return pixels.stream().reduce(1, Math::multiplyExact);
  }

  /**
   * Decodes and prepares an image file.
   *
   * @param name its name in messages
   * @return its pixels, for {@link #run}
   * @throws LaminaException if it is not a readable image
   */
  byte[] decode(String name, byte[] file) {
    byte[] rgb = Images.read(name, file, preprocessing);
    return pixels.get(pixels.size() - 1) == 1 ? Preprocessing.grey(rgb) : rgb;
  }

  /** Runs a batch of pixels and returns its outputs by name. */
  SortedMap<String, Output> run(List<byte[]> images) {
    List<String> names = new ArrayList<>(runs.getOutputsMap().keySet());
    Collections.sort(names);
    try (Tensor batch = pixels(images)) {
      Session.Runner runner = session.runner().feed(info.getName(), batch);
      names.forEach(name -> runner.fetch(runs.getOutputsOrThrow(name).getName()));
      try (var result = runner.run()) {
        SortedMap<String, Output> outputs = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
          outputs.put(names.get(i), Output.of(result.get(i)));
        }
        return outputs;
      }
    }
  }

  private TUint8 pixels(List<byte[]> images) {
    int size = images.get(0).length;
    byte[] joined = new byte[Math.multiplyExact(size, images.size())];
    for (int i = 0; i < images.size(); i++) {
      System.arraycopy(images.get(i), 0, joined, i * size, size);
    }
    long[] shape = pixels.stream().mapToLong(Integer::longValue).toArray();
    return TUint8.tensorOf(
        Shape.of(shape).prepend(images.size()), DataBuffers.of(joined, true, false));
  }
}
